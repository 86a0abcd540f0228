package io.annulet.guest.conform;

import io.annulet.guest.GuestRam;
import io.annulet.guest.RawRing;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.SplitRing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rules on buffers of several descriptors, in the ring's table and in indirect ones. */
final class ChainRules {

    private static final String FRAMING = "Message Framing";
    private static final String INDIRECT = "Indirect Descriptors";

    private static final int FRAME_BYTES = 1000;
    private static final int[] BYTE_BY_BYTE = ones(12);

    private ChainRules() {}

    static List<Rule> all() {
        List<Rule> rules = new ArrayList<>();
        rules.addAll(transmitFraming());
        rules.addAll(receiveFraming());
        rules.addAll(indirect());
        return rules;
    }

    private static List<Rule> transmitFraming() {
        return List.of(
                rule("VQ-CHAIN-01", FRAMING, "sent: the header in a descriptor of its own", trial -> sent(trial, 12)),
                rule("VQ-CHAIN-02", FRAMING, "sent: the header in two descriptors", trial -> sent(trial, 5, 7)),
                rule(
                        "VQ-CHAIN-03",
                        FRAMING,
                        "sent: the header in 12 descriptors of a byte each",
                        trial -> sent(trial, BYTE_BY_BYTE)),
                rule(
                        "VQ-CHAIN-04",
                        FRAMING,
                        "sent: a descriptor with the end of the header and the beginning of the frame",
                        trial -> sent(trial, 3, 30)),
                rule(
                        "VQ-CHAIN-05",
                        FRAMING,
                        "sent: the frame in 16 descriptors of odd lengths",
                        trial -> sent(trial, 12, 1, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)),
                rule(
                                "VQ-CHAIN-06",
                                FRAMING,
                                "sent: a chain with a descriptor of length 0 comes back, and later frames go through",
                                ChainRules::sentWithEmptyDescriptor)
                        .advised());
    }

    private static List<Rule> receiveFraming() {
        return List.of(
                rule(
                        "VQ-CHAIN-07",
                        FRAMING,
                        "received: the header in a descriptor of its own",
                        trial -> received(trial, 12, 2036)),
                rule(
                        "VQ-CHAIN-08",
                        FRAMING,
                        "received: the header in two descriptors",
                        trial -> received(trial, 5, 7, 2036)),
                rule(
                        "VQ-CHAIN-09",
                        FRAMING,
                        "received: the header and the beginning of the frame in one descriptor, the rest in others",
                        trial -> received(trial, 33, 100, 1, 500, 1414)),
                rule(
                        "VQ-CHAIN-10",
                        FRAMING,
                        "received: a buffer of 16 descriptors",
                        trial -> received(trial, descriptors(16, 128))));
    }

    private static List<Rule> indirect() {
        return List.of(
                rule(
                        "VQ-IND-01",
                        INDIRECT,
                        "sent: a chain in an indirect table",
                        trial -> sentIndirect(trial, 12, 100)),
                rule("VQ-IND-02", INDIRECT, "sent: an indirect table of one descriptor", trial -> sentIndirect(trial)),
                rule(
                        "VQ-IND-03",
                        INDIRECT,
                        "sent: a descriptor of the ring, then one that refers to an indirect table",
                        ChainRules::sentMixed),
                rule(
                        "VQ-IND-04",
                        INDIRECT,
                        "sent: the write-only flag of a descriptor that refers to an indirect table is ignored",
                        ChainRules::writeOnlyTable),
                rule(
                        "VQ-IND-05",
                        INDIRECT,
                        "received: a buffer in an indirect table",
                        trial -> receivedIndirect(trial, 12, 500, 1536)),
                rule(
                        "VQ-IND-06",
                        INDIRECT,
                        "received: an indirect table of one descriptor",
                        trial -> receivedIndirect(trial, 2048)));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VIRTIO, section, expectation, check).withTraffic();
    }

    private static int[] ones(int count) {
        return descriptors(count, 1);
    }

    private static int[] descriptors(int count, int byteLength) {
        int[] lengths = new int[count];
        Arrays.fill(lengths, byteLength);
        return lengths;
    }

    // Sent.

    private static void sent(Trial trial, int... byteLengths) {
        Pair pair = trial.pair(Setup.USUAL);
        pair.deliverFromTested(FRAME_BYTES, frame -> pair.tested().frames().offerCut(frame, byteLengths));
    }

    private static void sentWithEmptyDescriptor(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        FramePath frames = pair.tested().frames();
        frames.offerCut(pair.frameFromTested(FRAME_BYTES), 12, 0, 200);
        frames.flush();
        trial.await("the chain comes back", () -> {
            frames.reclaim();
            return frames.transmit().outstanding() == 0;
        });
        pair.deliverFromTested(FRAME_BYTES);
    }

    private static Pair indirectPair(Trial trial, Setup setup) {
        ProbeGuest tested = trial.attached(0, setup.with(VirtioFeature.INDIRECT_DESC));
        tested.needs(VirtioFeature.INDIRECT_DESC, "VIRTIO_F_INDIRECT_DESC");
        return trial.flowing(tested, trial.guest(1, Setup.USUAL));
    }

    private static long table(ProbeGuest guest, int descriptors) {
        return guest.buffers().allocate((int) SplitRing.descriptorTableBytes(descriptors));
    }

    private static void sentIndirect(Trial trial, int... byteLengths) {
        Pair pair = indirectPair(trial, Setup.USUAL);
        FramePath frames = pair.tested().frames();
        long table = table(pair.tested(), byteLengths.length + 1);
        pair.deliverFromTested(
                FRAME_BYTES, frame -> frames.transmit().offerIndirect(table, frames.cut(frame, byteLengths)));
    }

    /**
     * The header in a descriptor of the ring, which is followed by one for a table with the frame. The driver's half knows
     * no such chain: it offers two plain descriptors, and the second is then made to refer to the table.
     */
    private static void sentMixed(Trial trial) {
        Pair pair = indirectPair(trial, Setup.USUAL);
        ProbeGuest tested = pair.tested();
        FramePath frames = tested.frames();
        long table = table(tested, 2);
        RawRing ring = tested.transmit().raw();
        pair.deliverFromTested(FRAME_BYTES, frame -> {
            List<Piece> pieces = frames.cut(frame, frames.headerByteLength());
            Piece body = pieces.get(1);
            writeTable(tested.ram(), table, FramePath.cut(body.hostAddress(), body.byteLength(), false, 77));
            int head = tested.transmit()
                    .offer(List.of(pieces.getFirst(), Piece.readable(table, 2 * SplitRing.DESCRIPTOR_BYTES)))
                    .head();
            int second = ring.descriptorNext(head);
            ring.descriptor(
                    second,
                    tested.ram().guestAddressOf(table),
                    2L * SplitRing.DESCRIPTOR_BYTES,
                    SplitRing.FLAG_INDIRECT,
                    0);
        });
    }

    private static void writeOnlyTable(Trial trial) {
        Pair pair = indirectPair(trial, Setup.USUAL);
        FramePath frames = pair.tested().frames();
        long table = table(pair.tested(), 2);
        RawRing ring = frames.transmit().raw();
        pair.deliverFromTested(FRAME_BYTES, frame -> {
            int head = frames.transmit()
                    .offerIndirect(table, frames.cut(frame, frames.headerByteLength()))
                    .head();
            ring.descriptor(
                    head,
                    pair.tested().ram().guestAddressOf(table),
                    2L * SplitRing.DESCRIPTOR_BYTES,
                    SplitRing.FLAG_INDIRECT | SplitRing.FLAG_WRITE,
                    0);
        });
    }

    /** Writes pieces to read as an indirect table. */
    private static void writeTable(GuestRam ram, long table, List<Piece> pieces) {
        for (int i = 0; i < pieces.size(); i++) {
            boolean last = i == pieces.size() - 1;
            long flags = last ? 0 : SplitRing.FLAG_NEXT;
            long next = last ? 0 : i + 1;
            long at = table + (long) SplitRing.DESCRIPTOR_BYTES * i;
            HostMemory.storeLong(at, ram.guestAddressOf(pieces.get(i).hostAddress()));
            HostMemory.storeLong(at + 8, pieces.get(i).byteLength() | flags << 32 | next << 48);
        }
    }

    // Received.

    private static void received(Trial trial, int... byteLengths) {
        ProbeGuest tested = trial.attached(0, Setup.USUAL.withoutReceiveBuffers());
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        for (int i = 0; i < 8; i++) {
            tested.frames().offerReceive(byteLengths);
        }
        receive(pair);
    }

    private static void receive(Pair pair) {
        pair.tested().frames().flushReceive();
        for (int length : new int[] {FRAME_BYTES, TestFrames.MAX_BYTE_LENGTH, TestFrames.MIN_BYTE_LENGTH}) {
            int buffers = pair.deliverToTested(length).buffers().size();
            Stop.unless(
                    buffers == 1,
                    "a frame of " + length + " bytes in one buffer, which has room",
                    buffers + " buffers");
        }
    }

    private static void receivedIndirect(Trial trial, int... byteLengths) {
        Pair pair = indirectPair(trial, Setup.USUAL.withoutReceiveBuffers());
        ProbeGuest tested = pair.tested();
        tested.frames().keepUsedBuffers();
        for (int i = 0; i < 16; i++) {
            tested.receive()
                    .offerIndirect(
                            table(tested, byteLengths.length), tested.frames().scattered(byteLengths));
        }
        receive(pair);
    }
}
