package io.annulet.vring;

import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * The driver's half of a packed virtqueue; owned by the thread that plays its driver.
 *
 * <p>Does what {@link SplitDriverHalf} does, in the same order of methods. The flags of the first descriptor since the
 * last publication are held back until {@link #publishAvail}: the device looks no further than that one.
 */
public final class PackedDriverHalf implements DriverHalf {

    private final PackedRing ring;
    private final RingFeatures features;
    private final int size;
    private final @Nullable InOrderChains inOrder;
    private final int[] freeIds;
    private final int[] chainDescriptors;
    private int freeIdCount;
    private int freeDescriptors;
    private int outstanding;
    private int availPosition = PackedPosition.START;
    private int publishedPosition = PackedPosition.START;
    private int unpublishedDescriptors;
    private long heldBackDetail;
    private int usedPosition = PackedPosition.START;
    private long lastWrittenByteLength;

    public PackedDriverHalf(PackedRing ring, RingFeatures features) {
        this.ring = ring;
        this.features = features;
        this.size = ring.size();
        this.inOrder = features.inOrder() ? new InOrderChains(ring.size()) : null;
        this.freeIds = new int[size];
        this.chainDescriptors = new int[size];
        this.freeIdCount = size;
        this.freeDescriptors = size;
        for (int i = 0; i < size; i++) {
            freeIds[i] = size - 1 - i;
        }
    }

    @Override
    public int freeDescriptors() {
        return freeDescriptors;
    }

    @Override
    public int offer(long guestAddress, int byteLength, boolean writable) {
        if (freeDescriptors == 0) {
            return FULL;
        }
        int id = freeIds[--freeIdCount];
        put(guestAddress, byteLength, id, writable ? PackedRing.FLAG_WRITE : 0);
        return offered(id, 1, writable ? byteLength : 0);
    }

    @Override
    public void offerEach(long[] guestAddresses, int[] byteLengths, int[] heads, int count, boolean writable) {
        for (int i = 0; i < count; i++) {
            heads[i] = offer(guestAddresses[i], byteLengths[i], writable);
        }
    }

    @Override
    public int offerChain(long[] guestAddresses, int[] byteLengths, int count, int readable) {
        if (freeDescriptors < count || count == 0) {
            return FULL;
        }
        int id = freeIds[--freeIdCount];
        if (unpublishedDescriptors == 0 || count == 1) {
            for (int i = 0; i < count; i++) {
                put(guestAddresses[i], byteLengths[i], id, chainFlags(i, count, readable));
            }
        } else {
            putFirstLast(guestAddresses, byteLengths, count, readable, id);
        }
        return offered(id, count, inOrder == null ? 0 : InOrderChains.writable(byteLengths, count, readable));
    }

    /**
     * A chain behind others of the same batch: nothing publishes its first descriptor later, so its flags are written
     * after the rest of it, as for a driver that publishes each chain.
     */
    private void putFirstLast(long[] guestAddresses, int[] byteLengths, int count, int readable, int id) {
        int first = availPosition;
        int position = PackedPosition.plus(first, 1, size);
        for (int i = 1; i < count; i++) {
            store(position, guestAddresses[i], byteLengths[i], id, chainFlags(i, count, readable));
            position = PackedPosition.plus(position, 1, size);
        }
        HostMemory.releaseFence();
        store(first, guestAddresses[0], byteLengths[0], id, chainFlags(0, count, readable));
        availPosition = position;
        unpublishedDescriptors += count;
    }

    private static int chainFlags(int i, int count, int readable) {
        return (i < readable ? 0 : PackedRing.FLAG_WRITE) | (i + 1 < count ? PackedRing.FLAG_NEXT : 0);
    }

    @Override
    public int offerIndirect(
            long tableGuestAddress,
            long tableHostAddress,
            long[] guestAddresses,
            int[] byteLengths,
            int count,
            int readable) {
        if (freeDescriptors == 0 || count == 0) {
            return FULL;
        }
        for (int i = 0; i < count; i++) {
            long at = tableHostAddress + (long) SplitRing.DESCRIPTOR_BYTES * i;
            HostMemory.storeLong(at, guestAddresses[i]);
            HostMemory.storeLong(
                    at + 8, PackedRing.detail(byteLengths[i], 0, i < readable ? 0 : PackedRing.FLAG_WRITE));
        }
        int id = freeIds[--freeIdCount];
        put(tableGuestAddress, SplitRing.DESCRIPTOR_BYTES * count, id, PackedRing.FLAG_INDIRECT);
        return offered(id, 1, inOrder == null ? 0 : InOrderChains.writable(byteLengths, count, readable));
    }

    private void put(long guestAddress, int byteLength, int id, int flags) {
        store(availPosition, guestAddress, byteLength, id, flags);
        availPosition = PackedPosition.plus(availPosition, 1, size);
        unpublishedDescriptors++;
    }

    private void store(int position, long guestAddress, int byteLength, int id, int flags) {
        int slot = PackedPosition.slot(position);
        int marked = flags | PackedRing.availableFlags(PackedPosition.wrap(position));
        long detail = PackedRing.detail(byteLength, id, marked);
        ring.descriptorAddress(slot, guestAddress);
        if (position == publishedPosition) {
            heldBackDetail = detail;
        } else {
            ring.descriptorDetail(slot, detail);
        }
    }

    private int offered(int id, int descriptors, long writable) {
        if (inOrder != null) {
            inOrder.offered(id, writable);
        }
        chainDescriptors[id] = descriptors;
        freeDescriptors -= descriptors;
        outstanding++;
        return id;
    }

    @Override
    public boolean publishAvail() {
        int published = unpublishedDescriptors;
        if (published == 0) {
            return false;
        }
        ring.descriptorDetailRelease(PackedPosition.slot(publishedPosition), heldBackDetail); // [A]
        publishedPosition = availPosition;
        unpublishedDescriptors = 0;
        HostMemory.fullFence(); // [D]
        int flags = ring.deviceEventFlags();
        if (features.eventIndex() && flags == PackedRing.EVENT_DESCRIPTOR) {
            return PackedPosition.passed(ring.deviceEventPosition(), availPosition, published, size);
        }
        return flags != PackedRing.EVENT_DISABLE;
    }

    @Override
    public int takeUsed() {
        if (inOrder != null && inOrder.isInBatch()) {
            return takeNext(inOrder);
        }
        int slot = PackedPosition.slot(usedPosition);
        if (outstanding == 0 || !PackedRing.isUsed(ring.flagsAcquire(slot), PackedPosition.wrap(usedPosition))) { // [B]
            return NOTHING;
        }
        long detail = ring.descriptorDetail(slot);
        int id = PackedRing.id(detail);
        if (id >= size || chainDescriptors[id] == 0) {
            return NOT_OFFERED;
        }
        lastWrittenByteLength = PackedRing.byteLength(detail);
        if (inOrder != null) {
            inOrder.begin(inOrder.upTo(id), lastWrittenByteLength);
            return takeNext(inOrder);
        }
        return taken(id);
    }

    @Override
    public int takeUsed(int[] heads, int[] writtenByteLengths, int max) {
        return DriverHalf.takeOneByOne(this, heads, writtenByteLengths, max);
    }

    private int takeNext(InOrderChains chains) {
        int id = chains.take();
        lastWrittenByteLength = chains.takenByteLength();
        return taken(id);
    }

    private int taken(int id) {
        freeDescriptors += chainDescriptors[id];
        usedPosition = PackedPosition.plus(usedPosition, chainDescriptors[id], size);
        chainDescriptors[id] = 0;
        freeIds[freeIdCount++] = id;
        outstanding--;
        return id;
    }

    @Override
    public long writtenByteLength() {
        return lastWrittenByteLength;
    }

    @Override
    public void suppressCalls() {
        ring.driverEvent(PackedRing.EVENT_DISABLE, 0);
    }

    /** Counts {@code after} in descriptors here. */
    @Override
    public boolean requestCalls(int after) {
        int position = PackedPosition.plus(usedPosition, after % size, size);
        ring.driverEvent(features.eventIndex() ? PackedRing.EVENT_DESCRIPTOR : PackedRing.EVENT_ENABLE, position);
        HostMemory.fullFence(); // [C]
        int flags = ring.flagsAcquire(PackedPosition.slot(position)); // [B]
        return outstanding > 0 && PackedRing.isUsed(flags, PackedPosition.wrap(position));
    }

    @Override
    public int outstanding() {
        return outstanding;
    }

    /** Where a device that lost its place goes on: behind all that was used, taken back already or not. */
    public int devicePosition() {
        int position = usedPosition;
        int chains = 0;
        while (chains < outstanding) {
            int slot = PackedPosition.slot(position);
            int id = PackedRing.id(ring.descriptorDetail(slot));
            if (!PackedRing.isUsed(ring.flagsAcquire(slot), PackedPosition.wrap(position)) || id >= size) { // [B]
                break;
            }
            int before = chains;
            chains = inOrder == null ? chains + 1 : inOrder.upTo(id);
            if (chains <= before) {
                break;
            }
            int descriptors = inOrder == null ? chainDescriptors[id] : inOrder.sum(chainDescriptors, before, chains);
            position = PackedPosition.plus(position, descriptors, size);
        }
        return position;
    }
}
