package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.Payloads;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamOptions.Backing;
import io.annulet.journey.Pause;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Memfd;
import io.annulet.linux.Seals;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Class N of the catalogue: memory that goes away, wholly or in pieces, while it is in use. */
@ExtendWith(Hostile.class)
@Timeout(240)
final class BackingCasesTest {

    private static final long RAM_BYTES = 1 << 20;
    private static final String LOST = "front-end.memory-lost";

    private static VillainOptions on(VillainOptions layout, Backing backing) {
        return layout.withRam(RamOptions.of(RAM_BYTES).withBacking(backing));
    }

    /** What the back-end does with the memory when it goes. */
    enum Phase {
        IDLE {
            @Override
            void begin(Trial trial, Villain villain) {}
        },
        TRANSMIT_COPY {
            @Override
            void begin(Trial trial, Villain villain) {
                fill(villain.transmit(), villain.frameBuffer(Frames.toAll(1400, 1)), 1412, 0);
            }
        },
        RECEIVE_COPY {
            @Override
            void begin(Trial trial, Villain villain) {
                fill(villain.receive(), villain.memory.writable(2048), 2048, VillainQueue.WRITE);
                for (int i = 0; i < 50; i++) {
                    trial.yard().sendFromBystander(Frames.toAll(1400, i));
                }
            }
        },
        RING_READ {
            @Override
            void begin(Trial trial, Villain villain) {
                // Chains of nothing: rings are read, and no buffer.
                fill(villain.transmit(), 0, 0, 0);
            }
        },
        CHECKSUM {
            @Override
            void begin(Trial trial, Villain villain) {
                fill(villain.transmit(), villain.frameBuffer(Frames.toAll(1400, 2)), 1412, 0);
                fill(villain.receive(), villain.memory.writable(2048), 2048, VillainQueue.WRITE);
            }
        };

        abstract void begin(Trial trial, Villain villain);

        /** Commands that turn promiscuous mode on, each with a byte for the answer. */
        static void fillWithCommands(Villain villain) {
            VillainQueue queue = villain.control();
            queue.descriptor(0, villain.memory.readable(new byte[] {0, 0, 1}), 3, VillainQueue.NEXT, 1);
            queue.descriptor(1, villain.memory.writable(1), 1, VillainQueue.WRITE, 0);
            queue.offer(new int[queue.size()]);
        }

        static void fill(VillainQueue queue, long buffer, long byteLength, int flags) {
            for (int slot = queue.size() - 1; slot >= 0; slot--) {
                if (queue.isPacked()) {
                    queue.packedDescriptor(slot, buffer, byteLength, slot, flags);
                } else {
                    queue.descriptor(slot, buffer, byteLength, flags, 0);
                }
            }
            if (queue.isPacked()) {
                queue.kick();
            } else {
                int[] heads = new int[queue.size()];
                Arrays.setAll(heads, i -> i);
                queue.offer(heads);
            }
        }
    }

    private static Stream<Arguments> phases() {
        return Stream.of(VillainOptions.SPLIT, VillainOptions.PACKED)
                .flatMap(layout -> Stream.of(Backing.SHM_FILE, Backing.UNSEALABLE_MEMFD)
                        .flatMap(backing ->
                                Stream.of(Phase.values()).map(phase -> Arguments.of(layout, backing, phase))));
    }

    private static void lose(Trial trial, Villain villain, long left) {
        FileDescriptors.truncate(villain.ram.regions().getFirst().file(), left);
        // Nor may the villain touch it any more.
        villain.memoryIsGone();
        villain.awaitClosed();
        trial.expect(LOST, 1);
        trial.allow(
                "in\\.dropped\\..*|out\\.dropped\\..*|calls\\.failed|receive\\.bad-buffers|rings\\.broken|commands\\.bad");
    }

    @ParameterizedTest
    @MethodSource("phases")
    void N01_whoTruncatesItsMemoryLosesItsPortAndNothingElse(
            VillainOptions layout, Backing backing, Phase phase, Trial trial) {
        Villain villain = trial.villain(on(layout, backing));
        phase.begin(trial, villain);
        lose(trial, villain, 0);
    }

    @ParameterizedTest
    @EnumSource(names = {"SHM_FILE", "UNSEALABLE_MEMFD"})
    void N01_soItIsWhileItsCommandsAreRead(Backing backing, Trial trial) {
        Villain villain = trial.commander(on(VillainOptions.SPLIT.withControlQueue(), backing));
        Phase.fillWithCommands(villain);
        lose(trial, villain, 0);
    }

    private static final long LOG_BYTES = 1 << 20;

    /** A guest that moves: what is written into its buffers is logged in a file of its own. */
    private static Villain moving(Trial trial, VillainOptions layout, Fd log) {
        Villain villain = trial.villain(layout.with(VirtioFeature.LOG_ALL).withProtocol(ProtocolFeature.LOG_SHMFD));
        villain.frontEnd
                .ask(VhostUserRequest.SET_LOG_BASE, Payloads.log(LOG_BYTES, 0), log)
                .close();
        Phase.fill(villain.receive(), villain.memory.writable(2048), 2048, VillainQueue.WRITE);
        return villain;
    }

    private static Stream<VillainOptions> layouts() {
        return Stream.of(VillainOptions.SPLIT, VillainOptions.PACKED);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void N01_soItIsWithTheLogOfWhatIsWritten(VillainOptions layout, Trial trial) {
        try (Fd log = Memfd.createIn(Path.of("/dev/shm"), LOG_BYTES)) {
            Villain villain = moving(trial, layout, log);
            FileDescriptors.truncate(log, 0);
            trial.yard().sendFromBystander(Frames.toAll(1400, 1));
            villain.awaitClosed();
        }
        trial.expect(LOST, 1);
        trial.allow("in\\.dropped\\..*|out\\.dropped\\..*|calls\\.failed");
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void N03_aLogWithHolesIsFilledAnew(VillainOptions layout, Trial trial) {
        try (Fd log = Memfd.createIn(Path.of("/dev/shm"), LOG_BYTES)) {
            Villain villain = moving(trial, layout, log);
            FileDescriptors.punchHole(log, 0, LOG_BYTES);
            trial.yard().sendFromBystander(Frames.toAll(1400, 1));
            Pause.until("the page is in the log", Trial.LIMIT, () -> {
                byte[] bits = new byte[(int) LOG_BYTES];
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment read = arena.allocate(LOG_BYTES);
                    FileDescriptors.readAt(log, 0, read);
                    System.arraycopy(HostMemory.copyOut(read.address(), bits.length), 0, bits, 0, bits.length);
                }
                return IntStream.range(0, bits.length).anyMatch(i -> bits[i] != 0);
            });
            villain.sendGood(0);
        }
    }

    @Test
    void N03_commandsOutOfHolesHarmNobody(Trial trial) {
        Villain villain = trial.commander(VillainOptions.SPLIT.withControlQueue());
        Phase.fillWithCommands(villain);
        FileDescriptors.punchHole(villain.ram.regions().getFirst().file(), 0, RAM_BYTES);
        trial.yard().awaitCanary();
        villain.memoryIsGone();
        villain.isDone();
        trial.allow("rings\\.broken|calls\\.failed|commands\\.bad");
    }

    /** The rings lie at the beginning, so one page less is a page of buffers; all but a page leaves the first ring. */
    @ParameterizedTest
    @EnumSource(names = {"SHM_FILE", "UNSEALABLE_MEMFD"})
    void N02_aPageLessUnderTheRingIsEnough(Backing backing, Trial trial) {
        Villain villain = trial.villain(on(VillainOptions.SPLIT.withRingSize(256), backing));
        // The transmit queue's ring begins behind the first page, and goes.
        villain.transmit().kick();
        lose(trial, villain, 4096);
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALABLE_MEMFD", "UNSEALABLE_MEMFD", "SHM_FILE"})
    void N03_holesReadAsZerosAndHarmNobody(Backing backing, Trial trial) {
        Villain villain = trial.villain(on(VillainOptions.SPLIT, backing));
        Fd file = villain.ram.regions().getFirst().file();
        Phase.RECEIVE_COPY.begin(trial, villain);
        FileDescriptors.punchHole(file, 0, RAM_BYTES);
        Phase.TRANSMIT_COPY.begin(trial, villain);
        FileDescriptors.punchHole(file, 0, RAM_BYTES);
        trial.yard().awaitCanary();
        villain.memoryIsGone();
        trial.allow(
                "in\\.dropped\\..*|out\\.dropped\\..*|calls\\.failed|receive\\.bad-buffers|rings\\.broken|commands\\.bad");
        villain.isDone();
    }

    @ParameterizedTest
    @EnumSource(names = {"UNSEALABLE_MEMFD", "SHM_FILE"})
    void N05_whatCannotBeSealedIsRefusedWhereSealsAreRequired(Backing backing, Trial trial) {
        Talk talk = new Talk(trial, trial.connect(Yard.SEALED)).negotiate(VillainOptions.SPLIT.features());
        byte[] region = Messages.region(0, 4096, 0, 0);
        try (Fd file = backing == Backing.SHM_FILE
                ? Memfd.createIn(Path.of("/dev/shm"), 4096)
                : Memfd.create("guest-ram", 4096, false)) {
            talk.isRefused(VhostUserRequest.SET_MEM_TABLE, Messages.table(1, region), file);
            talk.isRefused(VhostUserRequest.ADD_MEM_REG, Messages.single(region), file);
        }
        try (Fd sealable = Memfd.create("guest-ram", 4096, true)) {
            talk.isAccepted(VhostUserRequest.SET_MEM_TABLE, Messages.table(1, region), sealable);
        }
        trial.villain(on(VillainOptions.SPLIT, backing)).sendGood(0);
    }

    @Test
    void N06_whatCanBeSealedIsSealedBeforeItIsUsed(Trial trial) {
        Villain villain = trial.villain(on(VillainOptions.SPLIT, Backing.SEALABLE_MEMFD));
        Fd file = villain.ram.regions().getFirst().file();
        assertTrue(Seals.has(file, Seals.SHRINK));
        LinuxException refused =
                assertThrows(LinuxException.class, () -> FileDescriptors.truncate(file, RAM_BYTES - 4096));
        assertEquals(Errno.EPERM, refused.errno());
        villain.sendGood(0);
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALABLE_MEMFD", "UNSEALABLE_MEMFD", "SHM_FILE"})
    void N07_memoryThatGrowsIsNoMatter(Backing backing, Trial trial) {
        Villain villain = trial.villain(on(VillainOptions.SPLIT, backing));
        FileDescriptors.truncate(villain.ram.regions().getFirst().file(), 2 * RAM_BYTES);
        villain.sendGood(0);
    }

    /** The front-end's own mapping is its own affair. */
    @Test
    void N08_memoryThatTheFrontEndUnmapsIsStillShared(Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        byte[] frame = Frames.toAll(100, 8);
        villain.transmit().descriptor(0, villain.frameBuffer(frame), 112, 0, 0);
        villain.transmit().ring.availIndex(1);
        villain.memoryIsGone();
        villain.unmap();
        assertFalse(villain.isOver());
        villain.transmit().kick.signal();
        trial.yard().awaitAtBystander(frame);
        villain.isDone();
    }
}
