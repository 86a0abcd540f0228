package io.annulet.hostile;

import static io.annulet.vhostuser.VhostUserRequest.ADD_MEM_REG;
import static io.annulet.vhostuser.VhostUserRequest.REM_MEM_REG;
import static io.annulet.vhostuser.VhostUserRequest.SET_MEM_TABLE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.Payloads;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.OddFiles;
import io.annulet.linux.Pipe;
import io.annulet.linux.UnixSocket;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class B of the catalogue, first half: memory tables that are none, and changes of one that is in use. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class MemoryTableCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;
    private static final int PAGE = 4096;

    /** Of CONFIGURE_MEM_SLOTS, as this back-end has it. */
    private static final int SLOTS = 509;

    @TempDir
    private Path folder;

    private static Fd memory(long byteLength) {
        return Memfd.create("guest-ram", byteLength, true);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 16, -1})
    void B01_aTableHasOneToEightRegions(int count, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        byte[] region = Messages.region(0, PAGE, 0, 0);
        try (Fd file = memory(PAGE)) {
            talk.isRefused(SET_MEM_TABLE, Messages.table(count, region), file);
            byte[][] eight = new byte[8][];
            Arrays.fill(eight, region);
            Fd[] files = new Fd[8];
            Arrays.fill(files, file);
            talk.isRefused(SET_MEM_TABLE, Messages.table(count, eight), files);
        }
    }

    @Test
    void B01_thereAreSoManySlotsAndNoMore(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        assertEquals(SLOTS, talk.frontEnd().getMaxMemSlots());
        try (Fd file = memory((SLOTS + 1L) * PAGE)) {
            for (int i = 0; i <= SLOTS; i++) {
                byte[] region = Messages.region((long) i * 2 * PAGE, PAGE, (long) i * 3 * PAGE, (long) i * PAGE);
                if (i < SLOTS) {
                    talk.isAccepted(ADD_MEM_REG, Messages.single(region), file);
                } else {
                    talk.isRefused(ADD_MEM_REG, Messages.single(region), file);
                }
            }
        }
    }

    private static Stream<Arguments> wrongNumbers() {
        long most = Long.MAX_VALUE;
        return Stream.of(
                Arguments.of("no bytes", Messages.region(0, 0, 0, 0)),
                Arguments.of("no whole page", Messages.region(0, 100, 0, 0)),
                Arguments.of("a page and a byte", Messages.region(0, PAGE + 1, 0, 0)),
                Arguments.of("half a page into the file", Messages.region(0, PAGE, 0, 2048)),
                Arguments.of("longer than its file", Messages.region(0, 3 * PAGE, 0, 0)),
                Arguments.of("behind its file", Messages.region(0, PAGE, 0, 2 * PAGE)),
                Arguments.of("far behind its file", Messages.region(0, PAGE, 0, 1L << 62)),
                Arguments.of("size and offset overflow 63 bits", Messages.region(0, most & -PAGE, 0, PAGE)),
                Arguments.of("size and offset overflow 64 bits", Messages.region(0, -PAGE, 0, PAGE)),
                Arguments.of("offset is negative", Messages.region(0, PAGE, 0, -PAGE)),
                Arguments.of("guest addresses wrap", Messages.region(-PAGE, 2 * PAGE, 0, 0)),
                Arguments.of("user addresses wrap", Messages.region(0, 2 * PAGE, -PAGE, 0)),
                Arguments.of("everything is -1", Messages.region(-1, -1, -1, -1)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrongNumbers")
    void B02_numbersThatOverflowAreRefused(String name, byte[] region, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        try (Fd file = memory(2 * PAGE)) {
            talk.isRefused(SET_MEM_TABLE, Messages.table(1, region), file);
            talk.isRefused(ADD_MEM_REG, Messages.single(region), file);
        }
    }

    private static Stream<Arguments> overlaps() {
        return Stream.of(
                Arguments.of("the same twice", 0, 0),
                Arguments.of("a guest page in both", PAGE, 64 * PAGE),
                Arguments.of("a user page in both", 64 * PAGE, PAGE));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("overlaps")
    void B07_overlappingRegionsAreRefusedAndTheOldTableStays(String name, long guest, long user, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion region = villain.ram.regions().getFirst();
        byte[] first = Messages.region(region.guestAddress(), 2 * PAGE, region.userAddress(), 0);
        byte[] second = Messages.region(region.guestAddress() + guest, 2 * PAGE, region.userAddress() + user, 0);
        try (Fd file = memory(4 * PAGE)) {
            talk.isRefused(SET_MEM_TABLE, Messages.table(2, first, second), file, file);
            talk.isRefused(ADD_MEM_REG, Messages.single(second), file);
        }
        villain.sendGood(0);
    }

    @Test
    void B08_onlyMemoryFilesAreMapped(Trial trial) throws IOException {
        Path disk = folder.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(2 * PAGE);
        }
        byte[] region = Messages.region(0, PAGE, 0, 0);
        Talk talk = Talk.negotiated(trial);
        try (Fd memory = memory(2 * PAGE);
                EventFd event = EventFd.create(true, 0);
                UnixSocket.Pair sockets = UnixSocket.pair();
                Pipe pipe = Pipe.create(4096)) {
            List<Fd> odd = new ArrayList<>(List.of(
                    OddFiles.readOnly(memory),
                    OddFiles.forReading(folder),
                    OddFiles.forReading(Path.of("/dev/shm")),
                    OddFiles.forBoth(Path.of("/dev/zero")),
                    OddFiles.forBoth(Path.of("/dev/null")),
                    OddFiles.pathOnly(disk),
                    OddFiles.forBoth(Path.of("/proc/self/mem"))));
            try {
                odd.add(FileDescriptors.duplicate(event.fd()));
                odd.add(FileDescriptors.duplicate(sockets.first().fd()));
                odd.add(FileDescriptors.duplicate(pipe.readEnd()));
                for (Fd fd : odd) {
                    talk.isRefused(SET_MEM_TABLE, Messages.table(1, region), fd);
                    talk.isRefused(ADD_MEM_REG, Messages.single(region), fd);
                }
            } finally {
                odd.forEach(Fd::close);
            }
        }
    }

    @Test
    void B08_aFileOnDiskIsNoMemory(Trial trial) throws IOException {
        // The build's own folder, since a temporary one may itself be memory.
        Path disk = Path.of("target", "b08-" + ProcessHandle.current().pid());
        Files.createDirectories(disk.getParent());
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(2 * PAGE);
            try (Fd fd = OddFiles.forBoth(disk)) {
                Talk.negotiated(trial).isRefused(SET_MEM_TABLE, Messages.table(1, Messages.region(0, PAGE, 0, 0)), fd);
            }
        } finally {
            Files.delete(disk);
        }
    }

    /** A change of table under a running ring: the same memory in other pieces, so that it is mapped elsewhere. */
    @Test
    void B09_ringsGoOnInATableThatHasThemElsewhere(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion whole = villain.ram.regions().getFirst();
        long half = whole.byteLength() / 2;
        byte[] low = Messages.region(whole.guestAddress(), half, whole.userAddress(), 0);
        byte[] high = Messages.region(whole.guestAddress() + half, half, whole.userAddress() + half, half);
        byte[] one = Messages.region(whole.guestAddress(), whole.byteLength(), whole.userAddress(), 0);
        for (int i = 0; i < 10; i++) {
            villain.sendGood(i % SPLIT.ringSize());
            talk.isAccepted(SET_MEM_TABLE, Messages.table(2, low, high), whole.file(), whole.file());
            villain.sendGood((i + 1) % SPLIT.ringSize());
            talk.isAccepted(SET_MEM_TABLE, Messages.table(1, one), whole.file());
        }
    }

    @Test
    void B09_aTableWithoutARunningRingIsRefused(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion whole = villain.ram.regions().getFirst();
        byte[] elsewhere = Messages.region(whole.guestAddress(), PAGE, whole.userAddress() - PAGE, 0);
        talk.isRefused(SET_MEM_TABLE, Messages.table(1, elsewhere), whole.file());
        villain.sendGood(0);
    }

    @Test
    void B10_aRegionInUseIsNotTakenAwayAndNoneThatIsNotThere(Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 0)));
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion used = villain.ram.regions().getFirst();
        RamRegion idle = villain.ram.regions().get(1);
        talk.isRefused(REM_MEM_REG, Payloads.singleRegion(used));
        talk.isRefused(REM_MEM_REG, Messages.single(Messages.region(idle.guestAddress(), PAGE, idle.userAddress(), 0)));
        talk.isRefused(
                REM_MEM_REG,
                Messages.single(
                        Messages.region(idle.guestAddress() + PAGE, idle.byteLength(), idle.userAddress() + PAGE, 0)));
        // A descriptor may come along, and is closed.
        talk.isAccepted(REM_MEM_REG, Payloads.singleRegion(idle), idle.file());
        talk.isRefused(REM_MEM_REG, Payloads.singleRegion(idle));
        villain.sendGood(0);
    }

    /** By option 10,000: -Dannulet.hostile.tables=10000. */
    @Test
    void B15_tablesMayChangeWithoutEndUnderTraffic(Trial trial) {
        int tables = Integer.getInteger("annulet.hostile.tables", 200);
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion whole = villain.ram.regions().getFirst();
        byte[] one = Messages.region(whole.guestAddress(), whole.byteLength(), whole.userAddress(), 0);
        byte[] more = Messages.region(1L << 40, PAGE, 1L << 40, 0);
        try (Fd file = memory(PAGE)) {
            for (int i = 0; i < tables; i++) {
                if (i % 2 == 0) {
                    talk.isAccepted(SET_MEM_TABLE, Messages.table(2, one, more), whole.file(), file);
                } else {
                    talk.isAccepted(SET_MEM_TABLE, Messages.table(1, one), whole.file());
                }
                villain.sendGood(i % SPLIT.ringSize());
            }
        }
    }

    @Test
    void B16_memoryLargerThanAllAddressesIsRefused(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        // 128 TiB in all; a part of a few finds room between what the process has mapped anyway.
        long terabytes = 16L << 40;
        try (Fd file = memory(terabytes)) {
            byte[][] regions = new byte[8][];
            Fd[] files = new Fd[8];
            for (int i = 0; i < 8; i++) {
                regions[i] = Messages.region(i * terabytes, terabytes, i * terabytes, 0);
                files[i] = file;
            }
            talk.isRefused(SET_MEM_TABLE, Messages.table(8, regions), files);
            // One of them takes addresses, and no memory.
            talk.isAccepted(SET_MEM_TABLE, Messages.table(1, regions[0]), file);
        }
    }
}
