package io.annulet.guest.conform;

import io.annulet.guest.RawRing;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.SplitRing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rules on what a device gives back, and on what it may not write. */
final class UsedRules {

    private static final String USED = "The Virtqueue Used Ring";
    private static final String DESCRIPTORS = "The Virtqueue Descriptor Table";
    private static final String AVAILABLE = "The Virtqueue Available Ring";
    private static final String IN_ORDER = "In-order use of descriptors";

    private static final int FRAMES = 200;
    private static final int FEW = 32;
    private static final int[] BYTE_LENGTHS = {60, 61, 63, 64, 65, 127, 128, 511, 1023, 1024, 1500, 1513, 1514};

    private UsedRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VQ-USED-01",
                        USED,
                        "each buffer of a transmit queue comes back exactly once",
                        UsedRules::eachTransmitBufferOnce),
                rule(
                        "VQ-USED-02",
                        USED,
                        "the length of a used transmit buffer is 0: nothing was written",
                        UsedRules::transmitLength),
                rule(
                        "VQ-USED-03",
                        USED,
                        "the length of a used receive buffer is that of header and frame",
                        UsedRules::receiveLength),
                rule(
                        "VQ-USED-04",
                        USED,
                        "each receive buffer is used at most once for each time it is offered",
                        UsedRules::eachReceiveBufferOnce),
                rule(
                        "VQ-USED-05",
                        DESCRIPTORS,
                        "the descriptor table stays as the driver wrote it",
                        UsedRules::descriptorTableUntouched),
                rule(
                        "VQ-USED-06",
                        AVAILABLE,
                        "the available ring stays as the driver wrote it",
                        UsedRules::availableRingUntouched),
                rule("VQ-USED-07", DESCRIPTORS, "a buffer to send is not written to", UsedRules::sentBufferUntouched),
                rule(
                        "VQ-USED-08",
                        DESCRIPTORS,
                        "nothing around a receive buffer is written to",
                        UsedRules::guardsUntouched),
                rule(
                        "VQ-USED-09",
                        IN_ORDER,
                        "with IN_ORDER transmit buffers come back in the order they were made available",
                        UsedRules::transmitInOrder),
                rule(
                        "VQ-USED-10",
                        IN_ORDER,
                        "with IN_ORDER receive buffers are used in the order they were made available",
                        UsedRules::receiveInOrder));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VIRTIO, section, expectation, check).withTraffic();
    }

    private static void offer(Pair pair, int count) {
        for (int i = 0; i < count; i++) {
            pair.tested().frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        }
        pair.tested().frames().flush();
    }

    private static void awaitAllBack(Trial trial, FramePath frames) {
        trial.await("every buffer comes back", () -> {
            frames.reclaim();
            return frames.transmit().outstanding() == 0;
        });
    }

    /** A wrong entry is found when it is taken; one too many when nothing is outstanding any more. */
    private static void eachTransmitBufferOnce(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        FramePath frames = pair.tested().frames();
        for (int round = 0; round < 4; round++) {
            awaitAllBack(trial, frames);
            offer(pair, FRAMES);
        }
        awaitAllBack(trial, frames);
        RawRing ring = frames.transmit().raw();
        trial.quiet(
                "no more used entries than buffers",
                "the used index went past the available index",
                () -> ring.usedIndexAcquire() != ring.availIndex());
    }

    private static void transmitLength(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        offer(pair, FEW);
        for (int i = 0; i < FEW; i++) {
            Used used = trial.awaitNext("every buffer comes back", frames.transmit()::takeUsed);
            Stop.unless(used.writtenByteLength() == 0, "length 0", "length " + used.writtenByteLength());
        }
    }

    private static void receiveLength(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int byteLength : BYTE_LENGTHS) {
            Received received = pair.deliverToTested(byteLength);
            long used = received.buffers().getFirst().writtenByteLength();
            int expected = pair.tested().frames().headerByteLength() + byteLength;
            Stop.unless(
                    used == expected,
                    "length " + expected + " for a frame of " + byteLength + " bytes",
                    "length " + used);
        }
    }

    private static void eachReceiveBufferOnce(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int i = 0; i < 2 * Setup.USUAL_RING_SIZE; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        }
    }

    private static byte[] descriptorTable(ProbeQueue queue) {
        return HostMemory.copyOut(
                queue.raw().descriptorHostAddress(), (int) SplitRing.descriptorTableBytes(queue.size()));
    }

    private static byte[] availableRing(ProbeQueue queue) {
        return HostMemory.copyOut(queue.raw().availHostAddress(), (int) SplitRing.availBytes(queue.size()));
    }

    /** Frames both ways while the driver writes nothing to its receive queue, so that any change is the device's. */
    private static Pair trafficWithoutReposting(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        pair.tested().frames().keepUsedBuffers();
        pair.tested().receive().suppressCalls();
        return pair;
    }

    private static void descriptorTableUntouched(Trial trial) {
        Pair pair = trafficWithoutReposting(trial);
        ProbeQueue receive = pair.tested().receive();
        byte[] before = descriptorTable(receive);
        for (int i = 0; i < FEW; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        }
        unchanged(before, descriptorTable(receive), "receive");
        ProbeQueue transmit = pair.tested().transmit();
        awaitAllBack(trial, pair.tested().frames());
        offer(pair, FEW);
        byte[] offered = descriptorTable(transmit);
        awaitAllBack(trial, pair.tested().frames());
        unchanged(offered, descriptorTable(transmit), "transmit");
    }

    private static void availableRingUntouched(Trial trial) {
        Pair pair = trafficWithoutReposting(trial);
        ProbeQueue receive = pair.tested().receive();
        byte[] before = availableRing(receive);
        for (int i = 0; i < FEW; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        }
        unchanged(before, availableRing(receive), "receive");
        pair.tested().transmit().suppressCalls();
        awaitAllBack(trial, pair.tested().frames());
        offer(pair, FEW);
        byte[] offered = availableRing(pair.tested().transmit());
        awaitAllBack(trial, pair.tested().frames());
        unchanged(offered, availableRing(pair.tested().transmit()), "transmit");
    }

    private static void unchanged(byte[] before, byte[] after, String queue) {
        int at = Arrays.mismatch(before, after);
        Stop.unless(at < 0, "what the driver wrote", "a change at byte " + at + ", " + queue + " queue");
    }

    private static void sentBufferUntouched(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        byte[] frame = pair.frameFromTested(TestFrames.MAX_BYTE_LENGTH);
        Piece piece = frames.offer(frame).pieces().getFirst();
        byte[] before = HostMemory.copyOut(piece.hostAddress(), piece.byteLength());
        frames.flush();
        awaitAllBack(trial, frames);
        unchanged(before, HostMemory.copyOut(piece.hostAddress(), piece.byteLength()), "buffer of the transmit");
    }

    /** Whether frames arrive at all that need more than one buffer is a matter for other rules. */
    private static void guardsUntouched(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL.withReceiveBuffers(128, 317));
        pair.tested().needs(VirtioFeature.NET_MRG_RXBUF, "VIRTIO_NET_F_MRG_RXBUF");
        for (int byteLength : BYTE_LENGTHS) {
            pair.sendToTested(byteLength);
        }
        Stop.unless(
                pair.tested().buffers().guardsAreIntact(),
                "the bytes before and behind each buffer as they were",
                "some of them changed");
    }

    /** A device may skip used entries of a batch; then only the last one of the batch is written. */
    private static void inOrder(RawRing ring, List<Chain> offered, int base, int usedIndex) {
        int count = usedIndex - base & 0xffff;
        Stop.unless(count <= offered.size(), offered.size() + " buffers at most", count + " used entries");
        if (count == 0) {
            return;
        }
        long head = ring.usedHead(usedIndex - 1 & ring.size() - 1);
        int expected = offered.get(count - 1).head();
        Stop.unless(head == expected, "buffer " + expected + " as number " + count, "buffer " + head);
    }

    private static ProbeGuest inOrderGuest(Trial trial) {
        return trial.attached(0, Setup.USUAL.with(VirtioFeature.IN_ORDER).withoutReceiveBuffers())
                .needs(VirtioFeature.IN_ORDER, "VIRTIO_F_IN_ORDER");
    }

    private static void transmitInOrder(Trial trial) {
        ProbeGuest tested = inOrderGuest(trial);
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        tested.bringUp();
        Pair pair = new Pair(trial, tested, peer);
        RawRing ring = tested.transmit().raw();
        List<Chain> offered = new ArrayList<>();
        while (offered.size() < FRAMES) {
            for (int i = 0; i < FEW && offered.size() < FRAMES; i++) {
                offered.add(tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH)));
            }
            tested.frames().flush();
            trial.await("every buffer comes back", () -> {
                int usedIndex = ring.usedIndexAcquire();
                inOrder(ring, offered, 0, usedIndex);
                return usedIndex == offered.size();
            });
        }
    }

    private static void receiveInOrder(Trial trial) {
        ProbeGuest tested = inOrderGuest(trial);
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        tested.bringUp();
        List<Chain> offered = new ArrayList<>();
        for (int i = 0; i < FRAMES; i++) {
            offered.add(tested.frames().offerReceive(2048));
        }
        tested.frames().flushReceive();
        Pair pair = new Pair(trial, tested, peer);
        RawRing ring = tested.receive().raw();
        trial.await(FEW + " receive buffers are used", () -> {
            if (peer.frames().hasRoom()) {
                peer.frames().offer(pair.frameToTested(TestFrames.MIN_BYTE_LENGTH));
                peer.frames().flush();
            }
            int usedIndex = ring.usedIndexAcquire();
            inOrder(ring, offered, 0, usedIndex);
            return usedIndex >= FEW;
        });
    }
}
