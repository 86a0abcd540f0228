package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * The region of in-flight memory that belongs to a ring which is about to start.
 *
 * @param address of the region, mapped as far as {@link InflightLayout#regionBytes} says
 * @param earlier what was read of it; null if it is to begin anew
 */
public record InflightRegion(long address, @Nullable InflightChains earlier) {

    /** Has a half that nobody has used note there what it takes, and take first what was taken earlier. */
    public NotedHalf noted(DeviceHalf half, Vring ring, GuestMemory memory, RingFeatures features) {
        return noted(half, ring, memory, features, InflightWords.PLAIN);
    }

    NotedHalf noted(DeviceHalf half, Vring ring, GuestMemory memory, RingFeatures features, InflightWords words) {
        ChainNotes notes = switch (ring) {
            case SplitRing split -> new SplitChainNotes(words, address, split.size());
            case PackedRing packed -> new PackedChainNotes(words, address, packed);
        };
        InflightChains chains = earlier;
        if (chains == null) {
            notes.begin(half.publishedPosition());
            return new NotedHalf(half, notes, null);
        }
        notes.goOn(chains);
        return new NotedHalf(half, notes, EarlierChains.of(chains, ring, memory, features));
    }
}
