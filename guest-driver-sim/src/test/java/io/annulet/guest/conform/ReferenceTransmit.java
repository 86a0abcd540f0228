package io.annulet.guest.conform;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes the frames that the guest of a port of the reference back-end sends; used by the back-end's thread. */
final class ReferenceTransmit {

    private static final int BURST = 64;
    private static final int CUT_BYTES = 1000;

    private final Set<Flaw> flaws;

    private final ReferenceReceive other;

    /** @param other where the frames go */
    ReferenceTransmit(Set<Flaw> flaws, ReferenceReceive other) {
        this.flaws = flaws;
        this.other = other;
    }

    private boolean has(Flaw flaw) {
        return flaws.contains(flaw);
    }

    /** Takes what a port's guest sends; whether there was anything. */
    boolean forward(ReferencePort from) {
        if (from.isDead()) {
            return false;
        }
        boolean busy = false;
        byte[] announcement = from.takeAnnouncement();
        if (announcement != null) {
            other.receive(announcement);
        }
        for (ReferenceRing ring : from.rings()) {
            if (ring.isTransmit() && mayTransmit(ring)) {
                busy |= transmit(from, ring);
            }
        }
        return busy;
    }

    private boolean mayTransmit(ReferenceRing ring) {
        return ring.works()
                && (ring.enabled || !has(Flaw.LEAVES_DISABLED_TRANSMIT))
                && (ring.index == 1 || !has(Flaw.FIRST_PAIR_ONLY));
    }

    private boolean transmit(ReferencePort from, ReferenceRing ring) {
        int count = 0;
        for (; count < BURST; count++) {
            ReferenceRing.Taken taken = ring.take();
            if (taken == null) {
                break;
            }
            byte[] frame = frameOf(from, taken);
            if (has(Flaw.WRITES_SENT_BUFFER)) {
                ReferenceRing.Element first = taken.elements.getFirst();
                from.memory().write(first.guestAddress(), new byte[] {1}, 0, 1);
            }
            boolean cuts = has(Flaw.PACKED_CUTS_FRAMES) && (ring.features & VirtioFeature.RING_PACKED) != 0;
            if (frame != null && cuts) {
                frame = Arrays.copyOf(frame, TestFrames.MIN_BYTE_LENGTH);
            }
            if (frame != null && (ring.enabled || has(Flaw.DELIVERS_FROM_DISABLED))) {
                other.receive(frame);
            }
            ring.giveBack(taken.head, has(Flaw.LENGTH_OF_SENT) ? taken.byteLength() : 0);
        }
        ring.publish();
        ring.rest();
        return count > 0;
    }

    /** The frame in a chain, or null if there is none in it. */
    private byte @Nullable [] frameOf(ReferencePort port, ReferenceRing.Taken taken) {
        int headerBytes = ReferenceHeader.byteLength(port.features(), flaws);
        byte[] all = new byte[taken.byteLength()];
        int at = 0;
        for (ReferenceRing.Element element : taken.elements) {
            byte[] part = port.memory().read(element.guestAddress(), element.byteLength());
            if (part == null) {
                return null;
            }
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        boolean oneOfTable = taken.hasTable && taken.tableDescriptors == 1 && has(Flaw.SKIPS_TABLES_OF_ONE);
        if (!taken.valid
                || oneOfTable
                || all.length < headerBytes
                || has(Flaw.DROPS_ALL)
                || !likesHeader(taken, headerBytes)) {
            return null;
        }
        byte[] header = Arrays.copyOf(all, headerBytes);
        return offload(header, Arrays.copyOfRange(all, headerBytes, all.length));
    }

    private boolean likesHeader(ReferenceRing.Taken taken, int headerBytes) {
        int count = 0;
        int end = 0;
        while (end < headerBytes) {
            end += taken.elements.get(count++).byteLength();
        }
        return !(has(Flaw.HEADER_IN_FIRST_DESCRIPTOR)
                        && taken.elements.getFirst().byteLength() <= headerBytes)
                && !(has(Flaw.HEADER_IN_ONE_DESCRIPTOR) && count > 1)
                && !(has(Flaw.HEADER_IN_TWO_AT_MOST) && count > 2)
                && !(has(Flaw.HEADER_IN_WHOLE_DESCRIPTORS) && count > 1 && end > headerBytes);
    }

    private byte @Nullable [] offload(byte[] header, byte[] frame) {
        int flags = header[NetHeaderLayout.FLAGS];
        int hdrLen = Byte.toUnsignedInt(header[NetHeaderLayout.HDR_LEN]);
        if ((has(Flaw.DROPS_UNKNOWN_FLAGS) && (flags & ~3) != 0)
                || (has(Flaw.RELIES_ON_HDR_LEN) && hdrLen > frame.length / 8)) {
            return null;
        }
        int start = header[NetHeaderLayout.CSUM_START];
        if (has(Flaw.CHECKSUMS_UNASKED) && start > 0) {
            frame[start + header[NetHeaderLayout.CSUM_OFFSET]] ^= 0x55;
        }
        boolean cuts = has(Flaw.CUTS_FRAMES_OUT) && frame.length > CUT_BYTES;
        return cuts ? Arrays.copyOf(frame, CUT_BYTES) : frame;
    }
}
