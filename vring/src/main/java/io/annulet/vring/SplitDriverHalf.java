package io.annulet.vring;

import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * The driver's half of a split virtqueue; owned by the thread that plays its driver.
 *
 * <p>Free descriptors queue up: who comes back first is taken first. So a device that uses chains in their order sees
 * them in the order of the table, which is what caches like, and what VIRTIO 1.2, "In-order use of descriptors", asks for
 * with IN_ORDER.
 */
public final class SplitDriverHalf implements DriverHalf {

    private final SplitRing ring;
    private final boolean eventIndex;
    private final @Nullable InOrderChains inOrder;
    private final int mask;
    private final int[] free;
    private final int[] nextOfChain;
    private final int[] chainDescriptors;
    private int firstFree;
    private int freeCount;
    private int availIndex;
    private int publishedAvailIndex;
    private int usedIndex;
    private int knownUsedIndex;
    private long lastWrittenByteLength;

    /** @param baseIndex where both indexes stand; all descriptors are free */
    public SplitDriverHalf(SplitRing ring, RingFeatures features, int baseIndex) {
        this.ring = ring;
        this.eventIndex = features.eventIndex();
        this.inOrder = features.inOrder() ? new InOrderChains(ring.size()) : null;
        this.mask = ring.size() - 1;
        this.free = new int[ring.size()];
        this.nextOfChain = new int[ring.size()];
        this.chainDescriptors = new int[ring.size()];
        this.freeCount = ring.size();
        for (int i = 0; i < ring.size(); i++) {
            free[i] = i;
        }
        this.availIndex = baseIndex;
        this.publishedAvailIndex = baseIndex;
        this.usedIndex = baseIndex;
        this.knownUsedIndex = baseIndex;
    }

    @Override
    public int freeDescriptors() {
        return freeCount;
    }

    @Override
    public int offer(long guestAddress, int byteLength, boolean writable) {
        if (freeCount == 0) {
            return FULL;
        }
        int head = allocate();
        ring.descriptor(head, guestAddress, SplitRing.detail(byteLength, writable ? SplitRing.FLAG_WRITE : 0, 0));
        return offered(head, 1, writable ? byteLength : 0);
    }

    @Override
    public void offerEach(long[] guestAddresses, int[] byteLengths, int[] heads, int count, boolean writable) {
        if (freeCount < count) {
            throw new IllegalStateException(count + " buffers, and " + freeCount + " free descriptors");
        }
        int flags = writable ? SplitRing.FLAG_WRITE : 0;
        int next = firstFree;
        int index = availIndex;
        for (int i = 0; i < count; i++) {
            int head = free[next++ & mask];
            ring.descriptor(head, guestAddresses[i], SplitRing.detail(byteLengths[i], flags, 0));
            ring.availHead(index++, head);
            chainDescriptors[head] = 1;
            heads[i] = head;
            if (inOrder != null) {
                inOrder.offered(head, writable ? byteLengths[i] : 0);
            }
        }
        firstFree = next;
        freeCount -= count;
        availIndex = Index16.plus(availIndex, count);
    }

    @Override
    public int offerChain(long[] guestAddresses, int[] byteLengths, int count, int readable) {
        if (freeCount < count || count == 0) {
            return FULL;
        }
        int head = free[firstFree & mask];
        for (int i = 0; i < count; i++) {
            int descriptor = allocate();
            int next = i + 1 < count ? free[firstFree & mask] : 0;
            nextOfChain[descriptor] = next;
            int flags = (i < readable ? 0 : SplitRing.FLAG_WRITE) | (i + 1 < count ? SplitRing.FLAG_NEXT : 0);
            ring.descriptor(descriptor, guestAddresses[i], SplitRing.detail(byteLengths[i], flags, next));
        }
        return offered(head, count, inOrder == null ? 0 : InOrderChains.writable(byteLengths, count, readable));
    }

    @Override
    public int offerIndirect(
            long tableGuestAddress,
            long tableHostAddress,
            long[] guestAddresses,
            int[] byteLengths,
            int count,
            int readable) {
        if (freeCount == 0 || count == 0) {
            return FULL;
        }
        for (int i = 0; i < count; i++) {
            int flags = (i < readable ? 0 : SplitRing.FLAG_WRITE) | (i + 1 < count ? SplitRing.FLAG_NEXT : 0);
            long at = tableHostAddress + (long) SplitRing.DESCRIPTOR_BYTES * i;
            HostMemory.storeLong(at, guestAddresses[i]);
            HostMemory.storeLong(at + 8, SplitRing.detail(byteLengths[i], flags, i + 1 < count ? i + 1 : 0));
        }
        int head = allocate();
        long tableBytes = (long) SplitRing.DESCRIPTOR_BYTES * count;
        ring.descriptor(head, tableGuestAddress, SplitRing.detail(tableBytes, SplitRing.FLAG_INDIRECT, 0));
        return offered(head, 1, inOrder == null ? 0 : InOrderChains.writable(byteLengths, count, readable));
    }

    private int allocate() {
        freeCount--;
        return free[firstFree++ & mask];
    }

    private int offered(int head, int descriptors, long writable) {
        chainDescriptors[head] = descriptors;
        if (inOrder != null) {
            inOrder.offered(head, writable);
        }
        ring.availHead(availIndex, head);
        availIndex = Index16.plus(availIndex, 1);
        return head;
    }

    @Override
    public boolean publishAvail() {
        int before = publishedAvailIndex;
        int after = availIndex;
        if (before == after) {
            return false;
        }
        ring.availIndexRelease(after); // [A]
        publishedAvailIndex = after;
        HostMemory.fullFence(); // [D]
        return eventIndex
                ? Index16.passed(ring.availEvent(), before, after)
                : (ring.usedFlags() & SplitRing.USED_FLAG_NO_NOTIFY) == 0;
    }

    @Override
    public int takeUsed() {
        if (inOrder != null && inOrder.isInBatch()) {
            return takeNext(inOrder);
        }
        if (usedIndex == knownUsedIndex) {
            knownUsedIndex = ring.usedIndexAcquire(); // [B]
            if (usedIndex == knownUsedIndex) {
                return NOTHING;
            }
        }
        long element = ring.usedElement(usedIndex);
        long head = element & 0xffffffffL;
        if (inOrder != null) {
            int chains = head < ring.size() ? inOrder.upTo((int) head) : 0;
            if (chains > 0 && chains <= Index16.distance(usedIndex, knownUsedIndex)) {
                inOrder.begin(chains, element >>> 32);
                return takeNext(inOrder);
            }
            usedIndex = Index16.plus(usedIndex, 1);
            return NOT_OFFERED; // or out of order
        }
        usedIndex = Index16.plus(usedIndex, 1);
        if (head >= ring.size() || chainDescriptors[(int) head] == 0) {
            return NOT_OFFERED;
        }
        lastWrittenByteLength = element >>> 32;
        free((int) head);
        return (int) head;
    }

    @Override
    public int takeUsed(int[] heads, int[] writtenByteLengths, int max) {
        if (inOrder != null) {
            return DriverHalf.takeOneByOne(this, heads, writtenByteLengths, max);
        }
        if (Index16.distance(usedIndex, knownUsedIndex) < max) {
            knownUsedIndex = ring.usedIndexAcquire(); // [B]
        }
        int count = Math.min(max, Index16.distance(usedIndex, knownUsedIndex));
        int index = usedIndex;
        for (int i = 0; i < count; i++) {
            long element = ring.usedElement(index++);
            long head = element & 0xffffffffL;
            if (head >= chainDescriptors.length || chainDescriptors[(int) head] == 0) {
                heads[i] = NOT_OFFERED;
                count = i + 1;
                break;
            }
            heads[i] = (int) head;
            writtenByteLengths[i] = (int) Math.min(element >>> 32, Integer.MAX_VALUE);
            free((int) head);
        }
        usedIndex = Index16.plus(usedIndex, count);
        return count;
    }

    private int takeNext(InOrderChains chains) {
        int head = chains.take();
        usedIndex = Index16.plus(usedIndex, 1);
        lastWrittenByteLength = chains.takenByteLength();
        free(head);
        return head;
    }

    @Override
    public long writtenByteLength() {
        return lastWrittenByteLength;
    }

    private void free(int head) {
        int descriptor = head;
        free[firstFree + freeCount++ & mask] = descriptor;
        for (int left = chainDescriptors[head]; left > 1; left--) {
            descriptor = nextOfChain[descriptor];
            free[firstFree + freeCount++ & mask] = descriptor;
        }
        chainDescriptors[head] = 0;
    }

    @Override
    public void suppressCalls() {
        if (!eventIndex) {
            ring.availFlags(SplitRing.AVAIL_FLAG_NO_INTERRUPT);
        }
    }

    @Override
    public boolean requestCalls(int after) {
        if (eventIndex) {
            ring.usedEvent(Index16.plus(usedIndex, after));
        } else {
            ring.availFlags(0);
        }
        HostMemory.fullFence(); // [C]
        return Index16.distance(usedIndex, ring.usedIndexAcquire()) > after; // [B]
    }

    @Override
    public int outstanding() {
        return Index16.distance(usedIndex, availIndex);
    }

    /** The available index as last published. */
    public int publishedAvailIndex() {
        return publishedAvailIndex;
    }

    /** The index of the used element to take next. */
    public int usedIndex() {
        return usedIndex;
    }
}
