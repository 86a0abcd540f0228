package io.annulet.vring;

import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * The driver's half of a split virtqueue; owned by the thread that plays its driver.
 *
 * <p>Descriptors are linked in a free list of our own; a used chain's go back to it as they were linked when it was
 * offered. With IN_ORDER they are taken in ring order, as VIRTIO 1.2, "In-order use of descriptors", has it.
 */
public final class SplitDriverHalf implements DriverHalf {

    private final SplitRing ring;
    private final boolean eventIndex;
    private final @Nullable InOrderChains inOrder;
    private final int[] nextFree;
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
        this.nextFree = new int[ring.size()];
        this.chainDescriptors = new int[ring.size()];
        this.freeCount = ring.size();
        for (int i = 0; i < ring.size(); i++) {
            nextFree[i] = i + 1;
        }
        if (inOrder != null) {
            nextFree[ring.size() - 1] = 0; // descriptors are taken round and round, and come back in that order
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
    public int offerChain(long[] guestAddresses, int[] byteLengths, int count, int readable) {
        if (freeCount < count || count == 0) {
            return FULL;
        }
        int head = firstFree;
        for (int i = 0; i < count; i++) {
            int descriptor = allocate();
            int flags = (i < readable ? 0 : SplitRing.FLAG_WRITE) | (i + 1 < count ? SplitRing.FLAG_NEXT : 0);
            ring.descriptor(
                    descriptor,
                    guestAddresses[i],
                    SplitRing.detail(byteLengths[i], flags, i + 1 < count ? firstFree : 0));
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
        int descriptor = firstFree;
        firstFree = nextFree[descriptor];
        freeCount--;
        return descriptor;
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

    private int takeNext(InOrderChains chains) {
        int head = chains.take();
        usedIndex = Index16.plus(usedIndex, 1);
        lastWrittenByteLength = chains.takenByteLength();
        freeCount += chainDescriptors[head];
        chainDescriptors[head] = 0;
        return head;
    }

    @Override
    public long writtenByteLength() {
        return lastWrittenByteLength;
    }

    private void free(int head) {
        int last = head;
        for (int i = 1; i < chainDescriptors[head]; i++) {
            last = nextFree[last]; // the order of allocation is kept here until the chain is free again
        }
        nextFree[last] = firstFree;
        firstFree = head;
        freeCount += chainDescriptors[head];
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
