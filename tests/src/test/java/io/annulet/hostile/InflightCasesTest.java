package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vring.InflightLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * In-flight memory that lies, changes and goes away: K05 to K08, and its part of F10, M02 and N01, on a whole back-end. It is
 * the front-end's, so what it says can harm nobody but the guest it is of.
 */
@ExtendWith(Hostile.class)
@Timeout(240)
final class InflightCasesTest {

    private static final int SIZE = 16;
    private static final int QUEUES = 2;
    private static final int FRAME = 100;
    private static final int ASKED = 10_000;

    /** Faults of frames out of descriptors that nobody made. */
    private static final String FRAME_FAULTS =
            "in\\.dropped\\..*|out\\.dropped\\..*|receive\\.bad-buffers|rings\\.broken|calls\\.failed";

    private static Stream<VillainOptions> layouts() {
        return Stream.of(VillainOptions.SPLIT, VillainOptions.PACKED)
                .map(layout -> layout.withProtocol(ProtocolFeature.INFLIGHT_SHMFD));
    }

    private static long regionBytes(VillainOptions layout) {
        return InflightLayout.regionBytes(layout.isPacked(), SIZE);
    }

    /** A file as a back-end would have made it, that its owner can do what it likes with. */
    private static Fd file(VillainOptions layout) {
        return Memfd.create("in-flight", QUEUES * regionBytes(layout), true);
    }

    private static Mapping view(Fd file, VillainOptions layout) {
        return Mapping.map(file, 0, QUEUES * regionBytes(layout), Mapping.Protection.READ_WRITE);
    }

    /** The villain's rings begin anew, with this memory for what is in flight of them. */
    private static void share(Villain villain, VillainOptions layout, Fd file) {
        stop(villain);
        byte[] area = Payloads.inflight(QUEUES * regionBytes(layout), 0, QUEUES, SIZE);
        assertEquals(0, villain.frontEnd.status(VhostUserRequest.SET_INFLIGHT_FD, area, file));
        villain.queues.forEach(villain::start);
    }

    private static void stop(Villain villain) {
        for (VillainQueue queue : villain.queues) {
            villain.frontEnd.getVringBase(queue.index);
            queue.clear();
        }
    }

    private static void fillReceive(Villain villain) {
        long buffer = villain.memory.writable(2048);
        for (int slot = 0; slot < SIZE; slot++) {
            villain.receive().offerBuffer(slot, buffer, 2048, VillainQueue.WRITE);
        }
    }

    // Messages.

    @Test
    void K05_whatAnAreaIsSaidToBeHasToFit(Trial trial) throws IOException {
        long bytes = QUEUES * InflightLayout.regionBytes(false, SIZE);
        Talk talk = Talk.negotiated(trial);
        long[][] wrong = {
            {bytes, 0, 0, SIZE},
            {bytes, 0, 5, SIZE},
            {bytes, 0, 0xffff, SIZE},
            {bytes, 0, QUEUES, 0},
            {bytes, 0, QUEUES, 15},
            {bytes, 0, QUEUES, 2 * SIZE},
            {bytes, 0, QUEUES, SIZE / 2},
            {bytes, 0, QUEUES, 0xffff},
            {0, 0, QUEUES, SIZE},
            {-1, 0, QUEUES, SIZE},
            {bytes - 1, 0, QUEUES, SIZE},
            {bytes + 64, 0, QUEUES, SIZE},
            {Long.MAX_VALUE, 0, QUEUES, SIZE},
            {bytes, 4, QUEUES, SIZE},
            {bytes, 8, QUEUES, SIZE},
            {bytes, -8, QUEUES, SIZE},
            {bytes, Long.MAX_VALUE & -8, QUEUES, SIZE},
        };
        try (Fd file = Memfd.create("in-flight", bytes, true);
                Fd shorter = Memfd.create("in-flight", bytes - 1, true);
                Fd device = FileDescriptors.openForReading(Path.of("/dev/zero"))) {
            for (long[] each : wrong) {
                byte[] area = Payloads.inflight(each[0], each[1], (int) each[2], (int) each[3]);
                talk.isRefused(VhostUserRequest.SET_INFLIGHT_FD, area, file);
            }
            byte[] right = Payloads.inflight(bytes, 0, QUEUES, SIZE);
            talk.isRefused(VhostUserRequest.SET_INFLIGHT_FD, right, shorter);
            talk.isRefused(VhostUserRequest.SET_INFLIGHT_FD, right, device);
            talk.isRefused(VhostUserRequest.SET_INFLIGHT_FD, right);
            talk.isRefused(VhostUserRequest.SET_INFLIGHT_FD, right, file, file);
            talk.isAccepted(VhostUserRequest.SET_INFLIGHT_FD, right, file);
        }
    }

    @Test
    void K05_anAreaThatCannotBeMadeEndsTheSession(Trial trial) {
        int[][] wrong = {{0, SIZE}, {5, SIZE}, {0xffff, SIZE}, {QUEUES, 0}, {QUEUES, 15}, {QUEUES, 0xffff}};
        for (int[] each : wrong) {
            byte[] area = Payloads.inflight(0, 0, each[0], each[1]);
            Talk.negotiated(trial)
                    .endsSession(Messages.of(VhostUserRequest.GET_INFLIGHT_FD, MessageLayout.VERSION, area));
        }
    }

    @Test
    void K05_anAreaIsNotExchangedUnderARingThatRuns(Trial trial) {
        VillainOptions layout = VillainOptions.SPLIT.withProtocol(ProtocolFeature.INFLIGHT_SHMFD);
        Villain villain = trial.villain(layout);
        try (Fd file = file(layout)) {
            byte[] area = Payloads.inflight(QUEUES * regionBytes(layout), 0, QUEUES, SIZE);
            assertTrue(villain.frontEnd.status(VhostUserRequest.SET_INFLIGHT_FD, area, file) != 0);
        }
        trial.expect(Talk.REFUSED, 1);
        villain.sendGood(0);
    }

    private static long openDescriptors(Trial trial) throws IOException {
        Path folder = Path.of("/proc", Long.toString(trial.yard().backend().pid()), "fd");
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        }
    }

    @Test
    void K06_askingForAreasWithoutEndLeavesNothingBehind(Trial trial) throws IOException {
        Talk talk = Talk.negotiated(trial);
        byte[] area = Payloads.inflight(0, 0, QUEUES, SIZE);
        long before = openDescriptors(trial);
        for (int i = 0; i < ASKED; i++) {
            try (Message reply = talk.frontEnd().ask(VhostUserRequest.GET_INFLIGHT_FD, area)) {
                assertEquals(1, reply.fds().size());
                assertTrue(reply.payload().getLong(MessageLayout.INFLIGHT_MMAP_SIZE) > 0);
            }
        }
        assertTrue(openDescriptors(trial) <= before + 1, "descriptors");
    }

    @Test
    void M02_areasThatTakeEachOthersPlaceAreLetGo(Trial trial) throws IOException {
        long bytes = QUEUES * InflightLayout.regionBytes(false, SIZE);
        Talk talk = Talk.negotiated(trial);
        long before = openDescriptors(trial);
        for (int i = 0; i < 500; i++) {
            try (Fd file = Memfd.create("in-flight", bytes, true)) {
                talk.isAccepted(VhostUserRequest.SET_INFLIGHT_FD, Payloads.inflight(bytes, 0, QUEUES, SIZE), file);
            }
        }
        assertTrue(openDescriptors(trial) <= before + 2, "descriptors");
    }

    // Sizes.

    /** The size is the area's: a ring of another one is worked without notes, whichever is the larger. */
    @ParameterizedTest
    @ValueSource(ints = {4, 64})
    void K07_aRingOfAnotherSizeIsNotNoted(int areaSize, Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT.withProtocol(ProtocolFeature.INFLIGHT_SHMFD));
        long bytes = QUEUES * InflightLayout.regionBytes(false, areaSize);
        try (Fd file = Memfd.create("in-flight", bytes, true);
                Mapping view = Mapping.map(file, 0, bytes, Mapping.Protection.READ_WRITE)) {
            stop(villain);
            byte[] area = Payloads.inflight(bytes, 0, QUEUES, areaSize);
            assertEquals(0, villain.frontEnd.status(VhostUserRequest.SET_INFLIGHT_FD, area, file));
            villain.queues.forEach(villain::start);
            for (int slot = 0; slot < SIZE; slot++) {
                villain.sendGood(slot);
            }
            for (long at = 0; at < bytes; at += Long.BYTES) {
                assertEquals(0, HostMemory.loadLong(view.address() + at), "offset " + at);
            }
        }
    }

    /** A size that changed makes what was noted worthless, though it is changed back. */
    @Test
    void K07_anotherSizeForgetsWhatWasNoted(Trial trial) {
        VillainOptions layout = VillainOptions.SPLIT.withProtocol(ProtocolFeature.INFLIGHT_SHMFD);
        Villain villain = trial.villain(layout);
        try (Fd file = file(layout);
                Mapping view = view(file, layout)) {
            share(villain, layout, file);
            villain.sendGood(0);
            stop(villain);
            long head = view.address() + regionBytes(layout) + 8; // of the transmit queue's region
            HostMemory.storeLong(head, 1 | (long) SIZE << 16);
            villain.frontEnd.setVringNum(1, 32_768);
            assertEquals(0, HostMemory.loadLong(head), "the region is in use");
            villain.queues.forEach(villain::start);
            villain.sendGood(0);
            assertEquals(1, HostMemory.loadShort(head), "version");
        }
    }

    // What an area says.

    /** Each spoils a region that is in use, of 16 entries, none of them in flight. */
    private enum Lie {
        VERSION_2(8, 2, 2),
        FEATURES(0, 8, 1),
        FEWER_DESCRIPTORS(10, 2, 15),
        NO_DESCRIPTORS(10, 2, 0),
        MORE_DESCRIPTORS(10, 2, 0xffff),
        THIRD_FIELD_OUT_OF_RANGE(12, 2, 0xffff),
        FOURTH_FIELD_OUT_OF_RANGE(14, 2, 0xfffe),
        FIFTH_FIELD_OUT_OF_RANGE(16, 8, 0xffff_0301_ffff_ffffL),
        USED_INDEX_PUBLISHED_AND_NOT(16, 8, 0x0000_0101_0000_0003L);

        final int offset;
        final int byteLength;
        final long value;

        Lie(int offset, int byteLength, long value) {
            this.offset = offset;
            this.byteLength = byteLength;
            this.value = value;
        }

        void tell(long region) {
            for (int i = 0; i < byteLength; i++) {
                HostMemory.storeByte(region + offset + i, (int) (value >>> (8 * i)) & 0xff);
            }
        }
    }

    /** As a back-end leaves a region of which nothing is in flight. */
    private static void begin(long region, boolean packed) {
        HostMemory.storeLong(region + 8, 1 | (long) SIZE << 16);
        if (packed) {
            HostMemory.storeLong(region + 16, 0x0101L << 32);
            for (int i = 0; i < SIZE; i++) {
                HostMemory.storeShort(region + 32 + 32L * i + 2, i + 1);
            }
        }
    }

    /** Rings that begin beside such memory are worked as if there were none. */
    private static void goesOn(Trial trial, Villain villain, VillainOptions layout, LongConsumer lie) {
        try (Fd file = file(layout);
                Mapping view = view(file, layout)) {
            for (int queue = 0; queue < QUEUES; queue++) {
                begin(view.address() + queue * regionBytes(layout), layout.isPacked());
                lie.accept(view.address() + queue * regionBytes(layout));
            }
            share(villain, layout, file);
            villain.sendGood(0);
            fillReceive(villain);
            trial.yard().sendFromBystander(Frames.toAll(FRAME, 1));
            villain.receive().awaitUsed(1);
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void K08_aRegionThatContradictsItselfIsNotUsed(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        for (Lie lie : Lie.values()) {
            goesOn(trial, villain, layout, lie::tell);
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void K08_entriesThatContradictEachOtherAreNotUsed(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        int entries = layout.isPacked() ? 32 : 16;
        for (int inFlight : new int[] {1, 2, 255}) {
            // All of them, with the same counter, of a ring in which nothing is available.
            goesOn(trial, villain, layout, region -> {
                for (int i = 0; i < SIZE; i++) {
                    HostMemory.storeByte(region + entries + (long) entries * i, inFlight);
                }
            });
        }
        // Lists that go in circles: of the last batch, and of free entries.
        goesOn(trial, villain, layout, region -> {
            HostMemory.storeShort(region + 14, layout.isPacked() ? 0 : 0xfffc);
            for (int i = 0; i < SIZE; i++) {
                HostMemory.storeShort(region + entries + (long) entries * i + (layout.isPacked() ? 2 : 6), i ^ 1);
            }
        });
        // Of packed rings: a chain of more descriptors than there are, and of none.
        for (int count : new int[] {0, SIZE + 1, 0xffff}) {
            goesOn(trial, villain, layout, region -> {
                HostMemory.storeByte(region + entries, 1);
                HostMemory.storeShort(region + entries + 6, count);
                HostMemory.storeShort(region + 12, 1);
                HostMemory.storeShort(region + 14, layout.isPacked() ? 1 : 0);
            });
        }
    }

    /** What is said is possible, and not true: the villain harms itself, until its rings are set up afresh. */
    @ParameterizedTest
    @MethodSource("layouts")
    void K08_chainsThatNobodyMadeHarmNobodyElse(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        int entries = layout.isPacked() ? 32 : 16;
        try (Fd file = file(layout);
                Mapping view = view(file, layout)) {
            long region = view.address() + regionBytes(layout);
            begin(region, layout.isPacked());
            for (int i = 0; i < 3; i++) {
                long at = region + entries + (long) entries * i;
                HostMemory.storeByte(at, 1);
                HostMemory.storeLong(at + 8, 7);
                if (layout.isPacked()) {
                    HostMemory.storeShort(at + 4, i);
                    HostMemory.storeShort(at + 6, 1);
                    HostMemory.storeLong(at + 16, i | 2000L << 32);
                    HostMemory.storeLong(at + 24, 0xdead_0000_0000L);
                }
            }
            if (layout.isPacked()) {
                HostMemory.storeLong(region + 8, 1 | (long) SIZE << 16 | 3L << 32 | 3L << 48);
            }
            stop(villain);
            for (int slot = 5; slot < 8; slot++) {
                villain.transmit().descriptor(slot, villain.frameBuffer(Frames.toAll(FRAME, slot)), FRAME, 0, 0);
            }
            if (!layout.isPacked()) {
                villain.transmit().offer(5, 6, 7);
            }
            byte[] area = Payloads.inflight(QUEUES * regionBytes(layout), 0, QUEUES, SIZE);
            assertEquals(0, villain.frontEnd.status(VhostUserRequest.SET_INFLIGHT_FD, area, file));
            villain.queues.forEach(villain::start);
            villain.transmit().awaitUsed(3);
        }
        trial.allow(FRAME_FAULTS);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void K08_anyBytesHarmNobodyElse(VillainOptions layout, Trial trial) {
        Random random = new Random(8);
        Villain villain = trial.villain(layout);
        for (int round = 0; round < 40; round++) {
            try (Fd file = file(layout);
                    Mapping view = view(file, layout)) {
                for (int queue = 0; queue < QUEUES; queue++) {
                    begin(view.address() + queue * regionBytes(layout), layout.isPacked());
                }
                for (int i = 0; i < 1 + round % 8; i++) {
                    long at = random.nextLong(QUEUES * regionBytes(layout));
                    HostMemory.storeByte(view.address() + at, random.nextInt(round % 2 == 0 ? 4 : 256));
                }
                share(villain, layout, file);
                trial.yard().awaitCanary();
            }
        }
        trial.allow(FRAME_FAULTS);
    }

    // What changes, and what goes away.

    @ParameterizedTest
    @MethodSource("layouts")
    void F10_inFlightMemoryChangesWhileItIsWritten(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        try (Fd file = file(layout);
                Mapping view = view(file, layout)) {
            share(villain, layout, file);
            fillReceive(villain);
            AtomicBoolean ending = new AtomicBoolean();
            Thread mutator = Thread.ofPlatform().start(() -> {
                Random random = new Random(10);
                while (!ending.get()) {
                    long at = random.nextLong(QUEUES * regionBytes(layout) / 8) * 8;
                    HostMemory.storeLong(view.address() + at, random.nextLong());
                }
            });
            try {
                for (int slot = 0; slot < SIZE; slot++) {
                    villain.sendGood(slot);
                    trial.yard().sendFromBystander(Frames.toAll(FRAME, slot));
                    villain.receive().awaitUsed(slot + 1);
                }
            } finally {
                ending.set(true);
                join(mutator);
            }
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void N01_whoTruncatesItsInFlightMemoryLosesItsPortAndNothingElse(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        try (Fd file = Memfd.createIn(Path.of("/dev/shm"), QUEUES * regionBytes(layout))) {
            share(villain, layout, file);
            villain.sendGood(0);
            fillReceive(villain);
            FileDescriptors.truncate(file, 0);
            trial.yard().sendFromBystander(Frames.toAll(FRAME, 1));
            villain.awaitClosed();
        }
        trial.expect("front-end.memory-lost", 1);
        trial.allow("in\\.dropped\\..*|out\\.dropped\\..*|calls\\.failed");
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void N01_soItIsWhenItsMemoryGoesBeforeItsRingsStart(VillainOptions layout, Trial trial) {
        Villain villain = trial.villain(layout);
        stop(villain);
        try (Fd file = Memfd.createIn(Path.of("/dev/shm"), QUEUES * regionBytes(layout))) {
            byte[] area = Payloads.inflight(QUEUES * regionBytes(layout), 0, QUEUES, SIZE);
            assertEquals(0, villain.frontEnd.status(VhostUserRequest.SET_INFLIGHT_FD, area, file));
            FileDescriptors.truncate(file, 0);
            villain.describe(villain.transmit());
            byte[] kick = Payloads.u64(1);
            assertTrue(villain.frontEnd.status(
                            VhostUserRequest.SET_VRING_KICK,
                            kick,
                            villain.transmit().kick.fd())
                    != 0);
            trial.expect(Talk.REFUSED, 1);
            villain.leave();
        }
    }
}
