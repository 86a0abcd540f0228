package io.annulet.backend.policy;

import io.annulet.backend.stats.DropReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a port has used of its limits; one for all workers of the port, whose parts they change atomically. So limits hold
 * for the port, however its queues are shared out.
 */
public final class PortMeters {

    private final @Nullable TokenBucket inBits;
    private final @Nullable TokenBucket inFrames;
    private final @Nullable TokenBucket outBits;
    private final @Nullable TokenBucket outFrames;
    private final @Nullable TokenBucket storm;
    private final @Nullable AddressBook addresses;

    /** @param ageNanos how long an address counts after it was last seen */
    public PortMeters(PortLimits limits, long ageNanos) {
        long burstNanos = TimeUnit.MILLISECONDS.toNanos(limits.burstMillis());
        inBits = bucket(limits.in().bitsPerSecond(), burstNanos);
        inFrames = bucket(limits.in().framesPerSecond(), burstNanos);
        outBits = bucket(limits.out().bitsPerSecond(), burstNanos);
        outFrames = bucket(limits.out().framesPerSecond(), burstNanos);
        storm = bucket(limits.stormFramesPerSecond(), TimeUnit.SECONDS.toNanos(1));
        addresses = limits.addresses() == 0 ? null : new AddressBook(limits.addresses(), ageNanos);
    }

    private static @Nullable TokenBucket bucket(long perSecond, long burstNanos) {
        return perSecond == 0 ? null : new TokenBucket(perSecond, burstNanos);
    }

    /**
     * A frame comes from the port.
     *
     * @param segments how many frames it is on a wire
     * @return null if it may pass
     */
    public @Nullable DropReason in(int byteLength, int segments, long nowNanos) {
        return pass(inBits, inFrames, byteLength, segments, nowNanos);
    }

    /** Likewise for a frame that goes to the port. */
    public @Nullable DropReason out(int byteLength, int segments, long nowNanos) {
        return pass(outBits, outFrames, byteLength, segments, nowNanos);
    }

    private static @Nullable DropReason pass(
            @Nullable TokenBucket bits, @Nullable TokenBucket frames, int byteLength, int segments, long nowNanos) {
        if ((bits != null && !bits.isOpen(nowNanos)) || (frames != null && !frames.isOpen(nowNanos))) {
            return DropReason.RATE_LIMIT;
        }
        if (bits != null) {
            bits.take((long) Byte.SIZE * byteLength, nowNanos);
        }
        if (frames != null) {
            frames.take(segments, nowNanos);
        }
        return null;
    }

    /** A frame of the port is to be flooded; null if it may be. */
    public @Nullable DropReason flood(long nowNanos) {
        if (storm == null) {
            return null;
        }
        if (!storm.isOpen(nowNanos)) {
            return DropReason.STORM;
        }
        storm.take(1, nowNanos);
        return null;
    }

    /** The port uses an address, which stands for a VLAN too; null if it may. */
    public @Nullable DropReason use(long address, long nowNanos) {
        return addresses == null || addresses.admits(address, nowNanos) ? null : DropReason.ADDRESS_LIMIT;
    }

    /** Up to when each rate is used up, in the order of the fields, 0 for one that is not limited; while nobody uses it. */
    public List<Long> usedUpToNanos() {
        return rates().stream()
                .map(rate -> rate.map(TokenBucket::usedUpToNanos).orElse(0L))
                .toList();
    }

    /** The addresses in use, each followed by when it was seen; while nobody uses it. */
    public List<Long> addresses() {
        List<Long> all = new ArrayList<>();
        if (addresses != null) {
            addresses.forEach((key, seenNanos) -> all.addAll(List.of(key, seenNanos)));
        }
        return all;
    }

    /** Goes on where another process's meters stood, as far as there are the same limits; while nobody uses it. */
    public void goOnFrom(List<Long> usedUpToNanos, List<Long> addressesAndSeen) {
        List<Optional<TokenBucket>> rates = rates();
        for (int i = 0; i < Math.min(rates.size(), usedUpToNanos.size()); i++) {
            long nanos = usedUpToNanos.get(i);
            if (nanos != 0) {
                rates.get(i).ifPresent(rate -> rate.usedUpToNanos(nanos));
            }
        }
        for (int i = 0; i + 1 < addressesAndSeen.size() && addresses != null; i += 2) {
            addresses.admits(addressesAndSeen.get(i), addressesAndSeen.get(i + 1));
        }
    }

    private List<Optional<TokenBucket>> rates() {
        return Stream.of(inBits, inFrames, outBits, outFrames, storm)
                .map(Optional::ofNullable)
                .toList();
    }

    /** The port has left: it uses no address any more. */
    public void clear() {
        if (addresses != null) {
            addresses.clear();
        }
    }
}
