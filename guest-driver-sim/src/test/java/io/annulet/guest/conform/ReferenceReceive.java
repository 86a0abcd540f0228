package io.annulet.guest.conform;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** Puts frames into the receive buffers of the guest at a port; used by the back-end's thread. */
final class ReferenceReceive {

    private static final int CUT_BYTES = 1000;
    private static final long LONG_ENOUGH_TO_BE_SEEN_NANOS = 300_000;

    private final ReferencePort port;
    private final Set<Flaw> flaws;

    ReferenceReceive(ReferencePort port, Set<Flaw> flaws) {
        this.port = port;
        this.flaws = flaws;
    }

    private boolean has(Flaw flaw) {
        return flaws.contains(flaw);
    }

    /** Delivers a frame, or drops it if the guest has no room. */
    void receive(byte[] sent) {
        ReferenceRing ring = receiveRing();
        ring.misbehaveWhenStopped();
        boolean enabled = ring.enabled || (has(Flaw.RECEIVES_BEFORE_ENABLED) && !ring.wasToldEnabled);
        if (port.isDead() || !enabled || !ring.works()) {
            return;
        }
        boolean cuts = has(Flaw.CUTS_FRAMES_IN) && sent.length > CUT_BYTES;
        byte[] frame = cuts ? Arrays.copyOf(sent, CUT_BYTES) : sent;
        int headerBytes = ReferenceHeader.byteLength(port.features(), flaws);
        boolean merges = (port.features() & VirtioFeature.NET_MRG_RXBUF) != 0;
        List<ReferenceRing.Taken> buffers = new ArrayList<>();
        int room = 0;
        while (room < headerBytes + frame.length && (merges || buffers.isEmpty())) {
            ReferenceRing.Taken taken = ring.take();
            if (taken == null) {
                break;
            }
            buffers.add(taken);
            room += roomIn(taken, headerBytes, buffers.size());
        }
        if (room < headerBytes + frame.length && (!has(Flaw.CUTS_WHAT_DOES_NOT_FIT) || buffers.isEmpty())) {
            ring.untake(buffers.size());
            return;
        }
        write(ring, buffers, headerBytes, frame);
        ring.publish();
    }

    private ReferenceRing receiveRing() {
        if (has(Flaw.ANY_ENABLED_PAIR)) {
            for (ReferenceRing ring : port.rings()) {
                if (ring.index == 2 && ring.started) {
                    return ring;
                }
            }
        }
        return port.ring(0);
    }

    /** How many bytes of a buffer are used; a flawed device leaves some out. */
    private int roomIn(ReferenceRing.Taken taken, int headerBytes, int number) {
        int first = taken.elements.getFirst().byteLength();
        int all = taken.byteLength();
        if ((has(Flaw.NO_TABLES_TO_RECEIVE) && taken.hasTable && taken.tableDescriptors > 1)
                || (has(Flaw.NO_TABLES_OF_ONE_TO_RECEIVE) && taken.hasTable && taken.tableDescriptors == 1)
                || (has(Flaw.RECEIVES_HEADER_IN_ONE) && number == 1 && first < headerBytes)) {
            return 0;
        }
        if (has(Flaw.RECEIVES_IN_ONE_DESCRIPTOR) || has(Flaw.MERGES_FIRST_DESCRIPTORS)) {
            return first;
        }
        if (has(Flaw.RECEIVES_IN_EIGHT_DESCRIPTORS) && taken.elements.size() > 8) {
            return taken.elements.subList(0, 8).stream()
                    .mapToInt(ReferenceRing.Element::byteLength)
                    .sum();
        }
        if (has(Flaw.SPREADS_WORDS)) {
            return all & ~3;
        }
        return has(Flaw.LEAVES_BUFFERS_HALF_FULL) && all < 1000 ? all / 2 : all;
    }

    private void write(ReferenceRing ring, List<ReferenceRing.Taken> buffers, int headerBytes, byte[] frame) {
        byte[] all = new byte[headerBytes + frame.length];
        System.arraycopy(frame, 0, all, headerBytes, frame.length);
        setHeader(all, headerBytes, buffers.size(), port.features());
        int at = 0;
        for (int i = 0; i < buffers.size(); i++) {
            int room = Math.min(roomIn(buffers.get(i), headerBytes, i + 1), all.length - at);
            fill(buffers.get(i), all, at, room, headerBytes);
            int written = has(Flaw.LENGTH_WITHOUT_HEADER) && i == 0 ? room - headerBytes : room;
            ring.giveBack(buffers.get(i).head, written);
            at += room;
            if (has(Flaw.USES_BUFFERS_ONE_BY_ONE)) {
                ring.publish();
                LockSupport.parkNanos(LONG_ENOUGH_TO_BE_SEEN_NANOS);
            }
        }
    }

    private void setHeader(byte[] all, int headerBytes, int buffers, long features) {
        if (has(Flaw.SETS_HEADER_FLAGS)) {
            all[NetHeaderLayout.FLAGS] = 2;
        }
        boolean merges = (features & VirtioFeature.NET_MRG_RXBUF) != 0;
        boolean none = has(Flaw.NO_NUM_BUFFERS) || (has(Flaw.NO_NUM_BUFFERS_WITHOUT_MERGING) && !merges);
        if (headerBytes >= NetHeaderLayout.BYTES && !none) {
            boolean packed = (features & VirtioFeature.RING_PACKED) != 0;
            boolean oneShort = has(Flaw.NUM_BUFFERS_ONE_SHORT) || (has(Flaw.PACKED_NUM_BUFFERS) && packed);
            int told = oneShort && buffers > 1 ? buffers - 1 : buffers;
            all[NetHeaderLayout.NUM_BUFFERS] = (byte) told;
        }
    }

    /** Writes {@code byteLength} bytes of {@code all} to the elements of a buffer. */
    private void fill(ReferenceRing.Taken taken, byte[] all, int from, int byteLength, int headerBytes) {
        int at = from;
        int end = from + byteLength;
        for (int i = 0; i < taken.elements.size() && at < end; i++) {
            ReferenceRing.Element element = taken.elements.get(i);
            int length = Math.min(element.byteLength(), end - at);
            boolean onlyHeader = has(Flaw.RECEIVES_BEHIND_HEADER_DESCRIPTOR)
                    && from == 0
                    && i == 0
                    && taken.elements.size() > 1
                    && length > headerBytes;
            length = onlyHeader ? headerBytes : length;
            port.memory().write(element.guestAddress(), all, at, length);
            at += length;
            if (has(Flaw.WRITES_BEYOND_BUFFER)) {
                port.memory().write(element.guestAddress() + element.byteLength(), new byte[] {1}, 0, 1);
            }
        }
    }
}
