package io.annulet.channel;

import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/** Hands out the items of a record that was opened; stateless. */
final class Items {
    private Items() {}

    /** Delivers items until one is wrong; returns what is wrong, or null. */
    static @Nullable ChannelFault deliver(
            long plain, int byteLength, Regions regions, ChannelHandler handler, ChannelCounts counts) {
        int at = 0;
        while (byteLength - at >= Item.WORD_BYTES) {
            long word = HostMemory.loadLong(plain + at);
            int kind = Item.kind(word);
            if (kind == Item.KIND_PADDING) {
                return null;
            }
            int length = Item.byteLength(word);
            int from = at + Item.headerByteLength(kind);
            if (length > byteLength - from) {
                return ChannelFault.ITEM_MALFORMED;
            }
            long address = plain + from;
            counts.itemsReceived++;
            counts.bytesReceived += length;
            switch (kind) {
                case Item.KIND_MESSAGE -> handler.onMessage(address, length);
                case Item.KIND_STREAM -> handler.onStream(address, length);
                case Item.KIND_PLACE -> {
                    long offset = HostMemory.loadLong(plain + at + Item.WORD_BYTES);
                    if (!regions.place(Item.region(word), offset, address, length)) {
                        return ChannelFault.PLACEMENT_REFUSED;
                    }
                    handler.onPlaced(Item.region(word), offset, length);
                }
                default -> {
                    return ChannelFault.ITEM_MALFORMED;
                }
            }
            at = from + length;
        }
        // Less than a word is left over by padding only.
        return null;
    }
}
