package io.annulet.guest.conform;

import io.annulet.guest.GuestRam;
import io.annulet.guest.RawRing;
import io.annulet.linux.EventFd;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.DriverHalf;
import io.annulet.vring.PackedDriverHalf;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One virtqueue as a rule drives it: slowly, one buffer at a time, with everything in sight; used by one thread.
 *
 * <p>Calls are asked for unless a rule suppresses them.
 */
final class ProbeQueue implements AutoCloseable {

    /** A packed ring begins at slot 0 with both wrap counters at 1. */
    private static final int PACKED_BASE = 0x8000_8000;

    private static final int CACHE_LINE_BYTES = 64;

    private final GuestRam ram;
    private final int index;
    private final int size;
    private final RingFeatures features;
    private final boolean translated;
    private final Map<Integer, Chain> outstanding = new HashMap<>();
    private final EventFd kick = EventFd.create(true, 0);
    private final EventFd err = EventFd.create(true, 0);
    private EventFd call = EventFd.create(true, 0);
    private final @Nullable RawRing split;
    private final long descriptors;
    private final long driverArea;
    private final long deviceArea;
    private final DriverHalf half;
    private boolean callsWanted = true;

    ProbeQueue(GuestRam ram, int index, int size, int baseIndex, long acknowledgedFeatures) {
        this.ram = ram;
        this.index = index;
        this.size = size;
        this.features = RingFeatures.of(acknowledgedFeatures);
        this.translated = (acknowledgedFeatures & VirtioFeature.ACCESS_PLATFORM) != 0;
        if ((acknowledgedFeatures & VirtioFeature.RING_PACKED) != 0) {
            split = null;
            descriptors = ram.allocate(PackedRing.descriptorRingBytes(size), CACHE_LINE_BYTES);
            driverArea = ram.allocate(PackedRing.EVENT_AREA_BYTES, CACHE_LINE_BYTES);
            deviceArea = ram.allocate(PackedRing.EVENT_AREA_BYTES, CACHE_LINE_BYTES);
            half = new PackedDriverHalf(new PackedRing(descriptors, driverArea, deviceArea, size), features);
        } else {
            RawRing ring = RawRing.allocate(ram, size);
            ring.clear(baseIndex);
            split = ring;
            descriptors = ring.descriptorHostAddress();
            driverArea = ring.availHostAddress();
            deviceArea = ring.usedHostAddress();
            half = new SplitDriverHalf(ring.split(), features, baseIndex);
            if (features.eventIndex()) {
                ring.usedEvent(baseIndex);
            }
        }
    }

    /** Its number in messages. */
    int index() {
        return index;
    }

    int size() {
        return size;
    }

    /** The memory of the ring, if it is a split one. */
    RawRing raw() {
        if (split == null) {
            throw new IllegalStateException("a packed ring");
        }
        return split;
    }

    DriverHalf half() {
        return half;
    }

    long descriptorAddress() {
        return ringAddress(descriptors);
    }

    long driverAreaAddress() {
        return ringAddress(driverArea);
    }

    long deviceAreaAddress() {
        return ringAddress(deviceArea);
    }

    /** As messages have it: a user address, or with address translation what the guest itself calls it. */
    private long ringAddress(long hostAddress) {
        return translated ? ram.guestAddressOf(hostAddress) : ram.userAddressOf(hostAddress);
    }

    /** What SET_VRING_BASE says before the ring was ever used. */
    int firstBase(int baseIndex) {
        return split == null ? PACKED_BASE : baseIndex;
    }

    EventFd kickFd() {
        return kick;
    }

    EventFd callFd() {
        return call;
    }

    EventFd errFd() {
        return err;
    }

    /** Another eventfd for calls; whoever had the old one keeps a dead end. */
    void renewCallFd() {
        call.close();
        call = EventFd.create(true, 0);
    }

    // Offering.

    /** Offers one buffer in descriptors of the ring; the device may see it after {@link #publish}. */
    Chain offer(List<Piece> pieces) {
        int readable = (int) pieces.stream().filter(piece -> !piece.writable()).count();
        return offered(half.offerChain(guestAddresses(pieces), byteLengths(pieces), pieces.size(), readable), pieces);
    }

    /** Offers one buffer through an indirect table at {@code tableHostAddress}. */
    Chain offerIndirect(long tableHostAddress, List<Piece> pieces) {
        int readable = (int) pieces.stream().filter(piece -> !piece.writable()).count();
        int head = half.offerIndirect(
                ram.guestAddressOf(tableHostAddress),
                tableHostAddress,
                guestAddresses(pieces),
                byteLengths(pieces),
                pieces.size(),
                readable);
        return offered(head, pieces);
    }

    private Chain offered(int head, List<Piece> pieces) {
        if (head == DriverHalf.FULL) {
            throw new IllegalStateException("the rule offers more than the ring holds");
        }
        Chain chain = new Chain(head, List.copyOf(pieces));
        outstanding.put(head, chain);
        return chain;
    }

    private long[] guestAddresses(List<Piece> pieces) {
        return pieces.stream()
                .mapToLong(piece -> ram.guestAddressOf(piece.hostAddress()))
                .toArray();
    }

    private static int[] byteLengths(List<Piece> pieces) {
        return pieces.stream().mapToInt(Piece::byteLength).toArray();
    }

    /** Shows the device all that was offered; whether it asked for a kick. */
    boolean publish() {
        return half.publishAvail();
    }

    void kick() {
        kick.signal();
    }

    int outstanding() {
        return outstanding.size();
    }

    int freeDescriptors() {
        return half.freeDescriptors();
    }

    // Taking back.

    /** The next buffer that the device gave back, or null if there is none yet. */
    @Nullable
    Used takeUsed() {
        int head = half.takeUsed();
        if (head == DriverHalf.NOTHING) {
            askForCalls();
            return null;
        }
        Chain chain = head == DriverHalf.NOT_OFFERED ? null : outstanding.remove(head);
        if (chain == null) {
            throw Stop.broken(
                    "every used entry names a buffer that was offered and is not back yet",
                    "queue " + index + " gave back a buffer that it did not have");
        }
        return new Used(chain, half.writtenByteLength());
    }

    /** Whether the device gave something back that was not taken yet. */
    boolean hasUsed() {
        return half.requestCalls(0);
    }

    private void askForCalls() {
        if (callsWanted) {
            half.requestCalls(0);
        }
    }

    /** Asks the device for no calls from now on. */
    void suppressCalls() {
        callsWanted = false;
        half.suppressCalls();
    }

    /** Asks the device to call when the next buffer is used. */
    void requestCalls() {
        callsWanted = true;
        half.requestCalls(0);
    }

    /** How often the device called since the last time this was asked. */
    long takeCalls() {
        return Math.max(0, call.drain());
    }

    @Override
    public void close() {
        kick.close();
        call.close();
        err.close();
    }
}
