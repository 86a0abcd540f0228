package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;

/**
 * The device's half of a virtqueue, whatever its layout; owned by the worker of its queue.
 *
 * <p>Takes chains in bursts, gives them back in the order they were taken, publishes once a burst. Everything the driver
 * wrote is hostile: it is read once, checked, used; the positions are our own.
 */
public sealed interface DeviceHalf permits SplitDeviceHalf, PackedDeviceHalf, NotedHalf {

    /** What {@link #take} returns when the ring is broken; {@link #fault} tells why. */
    int BROKEN = -1;

    /** What {@link #take} returns when the next chain has memory that is not there; {@link #awaited} tells where. */
    int WAITS = -2;

    /** The half for a ring's layout. */
    static DeviceHalf of(Vring ring, GuestMemory memory, RingFeatures features, int base) {
        return switch (ring) {
            case SplitRing split -> new SplitDeviceHalf(split, memory, features, base);
            case PackedRing packed -> new PackedDeviceHalf(packed, memory, features, base & 0xffff);
        };
    }

    /** The same half over other memory, for a memory table that changed while the ring ran; between bursts. */
    DeviceHalf movedTo(Vring moved, GuestMemory memory);

    /** Translates by another table from now on, the ring being where it was; nothing that was taken is in use. */
    void goBy(GuestMemory memory);

    /**
     * Adds up to {@code max} chains to the burst.
     *
     * @return how many were added, 0 if none is available or the burst has no room for the next, {@link #WAITS}, or {@link
     *     #BROKEN}
     */
    int take(ChainBurst burst, int max);

    RingFault fault();

    /** What the next chain waits for, after {@link #WAITS}. */
    AwaitedMemory awaited();

    /** Takes back the last {@code count} chains taken, none of which was given back: they will be taken again. */
    void untake(int count);

    /** Chains taken and not yet given back. */
    int borrowed();

    /**
     * What the driver has made available and this side has not taken, as far as can be told without taking it: chains of a
     * split ring, descriptors of a packed one. For people who look, and for what scrapes every second; 16 loads at most,
     * however long the ring is.
     */
    int available();

    /**
     * Gives a chain back, in the order of taking; the driver sees it after {@link #publishUsed}.
     *
     * @param head of the chain, or its buffer id in a packed ring
     * @param writtenByteLength bytes written into the chain's buffers
     */
    void giveBack(int head, long writtenByteLength);

    /** Likewise for so many chains of a burst from {@code first} on, with what was {@link ChainBurst#written}. */
    void giveBack(ChainBurst burst, int first, int count);

    /** Goes back to the last publication: what was taken since is taken again, what was given back was not. */
    void abandon();

    /**
     * Shows the driver all that was given back.
     *
     * @return whether there was anything
     */
    boolean showUsed();

    /**
     * Whether the driver wants a call for what was shown since this was last asked. A full fence [C] lies between showing
     * and asking; it is the caller's, so that one does for several rings, and late enough to find the stores done.
     */
    boolean wantsCall();

    /**
     * Shows the driver all that was given back, and asks at once.
     *
     * @return whether the driver wants a call for it
     */
    default boolean publishUsed() {
        if (!showUsed()) {
            return false;
        }
        HostMemory.fullFence(); // [C]
        return wantsCall();
    }

    /** Tells the driver that kicks are not needed while this side polls. A hint: kicks may still come. */
    void suppressKicks();

    /**
     * Asks for a kick with the next chain.
     *
     * @return whether chains are available already, so that no kick may come for them
     */
    boolean requestKicks();

    /** Up to where chains were given back, 16 bits: an index of a split ring, or a {@link PackedPosition}. */
    int usedPosition();

    /** Likewise up to where the driver was shown them. */
    int publishedPosition();

    /**
     * Notes what {@link #showUsed} is about to write, where the ring itself would not tell a process that comes after: eight
     * bytes for each chain.
     *
     * @param address of memory of our own
     * @param most chains that there is room for
     * @return how many were noted: all or none
     */
    int notePending(long address, int most);

    /** Where another half goes on if all that was taken has been given back: what GET_VRING_BASE answers. */
    int base();
}
