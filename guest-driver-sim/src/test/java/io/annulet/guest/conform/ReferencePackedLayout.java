package io.annulet.guest.conform;

import io.annulet.guest.conform.ReferenceRing.Element;
import io.annulet.guest.conform.ReferenceRing.Taken;
import io.annulet.memory.HostMemory;
import io.annulet.vring.PackedPosition;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The device's side of one packed ring, as plain as {@link ReferenceRing}; used by the back-end's thread. */
final class ReferencePackedLayout {

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int AVAIL = 1 << 7;
    private static final int USED = 1 << 15;
    private static final int DISABLE = 1;
    private static final int AT_DESCRIPTOR = 2;

    private final ReferenceMemory memory;
    private final ReferenceRing ring;
    private final Set<Flaw> flaws;
    private final Map<Integer, Integer> descriptorsOfId = new HashMap<>();
    private final Deque<Integer> takenPositions = new ArrayDeque<>();
    private int availPosition;
    private int usedPosition;
    private int publishedPosition;
    private int usedDescriptors;
    private final List<Runnable> usedElements = new ArrayList<>();
    private long dueCalls;

    /** @param base both positions, as SET_VRING_BASE has them */
    ReferencePackedLayout(ReferenceRing ring, ReferenceMemory memory, Set<Flaw> flaws, int base) {
        this.ring = ring;
        this.memory = memory;
        this.flaws = flaws;
        this.availPosition = base & 0xffff;
        this.usedPosition = base >>> 16;
        this.publishedPosition = usedPosition;
        if (flaws.contains(Flaw.PACKED_SLEEPS)) {
            HostMemory.storeShort(memory.hostOfUser(ring.used) + 2, DISABLE);
        }
    }

    int base() {
        return flaws.contains(Flaw.PACKED_BASE_OF_ONE) ? availPosition : availPosition | usedPosition << 16;
    }

    private int plus(int position, int count) {
        return PackedPosition.plus(position, count, ring.size);
    }

    private ByteBuffer descriptor(int position) {
        long host = memory.hostOfUser(ring.descriptors + 16L * PackedPosition.slot(position));
        int flags = HostMemory.loadShortAcquire(host + 14);
        ByteBuffer bytes = ByteBuffer.wrap(HostMemory.copyOut(host, 16)).order(ByteOrder.LITTLE_ENDIAN);
        return bytes.putShort(14, (short) flags);
    }

    @Nullable
    Taken next() {
        ByteBuffer descriptor = descriptor(availPosition);
        boolean wrap = PackedPosition.wrap(availPosition);
        int flags = descriptor.getShort(14);
        if (((flags & AVAIL) != 0) != wrap || ((flags & USED) != 0) == wrap) {
            return null;
        }
        Taken taken = new Taken(0);
        int count = 1;
        int position = availPosition;
        while (true) {
            add(taken, descriptor);
            if ((descriptor.getShort(14) & NEXT) == 0) {
                break;
            }
            position = plus(position, 1);
            boolean over = PackedPosition.slot(position) == 0;
            taken.valid &= !(over && flaws.contains(Flaw.PACKED_CHAIN_ENDS_WITH_RING));
            descriptor = descriptor(position);
            count++;
        }
        taken.valid &= !(count > 1 && flaws.contains(Flaw.PACKED_WITHOUT_CHAINS));
        taken.head = Short.toUnsignedInt(descriptor.getShort(12));
        descriptorsOfId.put(taken.head, count);
        takenPositions.push(availPosition);
        availPosition = plus(availPosition, count);
        return taken;
    }

    private void add(Taken taken, ByteBuffer descriptor) {
        int flags = descriptor.getShort(14);
        int byteLength = descriptor.getInt(8);
        if ((flags & INDIRECT) == 0) {
            taken.elements.add(new Element(descriptor.getLong(0), byteLength, (flags & WRITE) != 0));
            return;
        }
        byte[] table = memory.read(descriptor.getLong(0), byteLength);
        taken.hasTable = true;
        taken.tableDescriptors = byteLength / 16;
        taken.valid &= table != null && !flaws.contains(Flaw.PACKED_WITHOUT_TABLES);
        ByteBuffer entries =
                ByteBuffer.wrap(table == null ? new byte[0] : table).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < entries.capacity(); at += 16) {
            boolean writable = (entries.getShort(at + 14) & WRITE) != 0;
            taken.elements.add(new Element(entries.getLong(at), entries.getInt(at + 8), writable));
        }
    }

    void untake(int count) {
        for (int i = 0; i < count; i++) {
            availPosition = takenPositions.pop();
        }
    }

    void put(int id, int writtenByteLength) {
        long host = memory.hostOfUser(ring.descriptors + 16L * PackedPosition.slot(usedPosition));
        boolean wrap = PackedPosition.wrap(usedPosition) || flaws.contains(Flaw.PACKED_FORGETS_WRAP);
        long flags = (wrap ? AVAIL | USED : 0) | (writtenByteLength > 0 ? WRITE : 0);
        long element = (writtenByteLength & 0xffffffffL) | (long) id << 32 | flags << 48;
        usedElements.add(() -> HostMemory.storeLong(host + 8, element));
        int count = descriptorsOfId.getOrDefault(id, 1);
        usedPosition = plus(usedPosition, count);
        usedDescriptors += count;
        takenPositions.clear();
    }

    /** Whether a call is due for what was used since the last time. */
    boolean publish() {
        int count = usedDescriptors;
        usedDescriptors = 0;
        int before = publishedPosition;
        publishedPosition = usedPosition;
        if (count == 0) {
            return false;
        }
        // The first one last: until then the driver sees none, and so never part of a frame.
        usedElements.reversed().forEach(element -> {
            HostMemory.releaseFence();
            element.run();
        });
        usedElements.clear();
        HostMemory.fullFence();
        long area = memory.hostOfUser(ring.avail);
        int flags = HostMemory.loadShort(area + 2);
        boolean due = switch (flags) {
            case DISABLE -> flaws.contains(Flaw.PACKED_IGNORES_DISABLE);
            case AT_DESCRIPTOR -> passed(HostMemory.loadShort(area), before, count);
            default -> true;
        };
        boolean loses = flaws.contains(Flaw.PACKED_LOSES_CALLS)
                || (flaws.contains(Flaw.PACKED_LOSES_EVENTS) && flags == AT_DESCRIPTOR);
        return due && !(loses && ++dueCalls % 60 == 0);
    }

    private boolean passed(int event, int before, int count) {
        int position = before;
        for (int i = 0; i < count; i++) {
            if (position == event) {
                return true;
            }
            position = plus(position, 1);
        }
        return false;
    }
}
