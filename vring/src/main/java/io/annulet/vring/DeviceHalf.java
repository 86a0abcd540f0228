package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;

/**
 * The device's half of a virtqueue, whatever its layout; owned by the worker of its queue.
 *
 * <p>Takes chains in bursts, gives them back in the order they were taken, publishes once a burst. Everything the driver
 * wrote is hostile: it is read once, checked, used; the positions are our own.
 */
public sealed interface DeviceHalf permits SplitDeviceHalf, PackedDeviceHalf {

    /** What {@link #take} returns when the ring is broken; {@link #fault} tells why. */
    int BROKEN = -1;

    /** The half for a ring's layout. */
    static DeviceHalf of(Vring ring, GuestMemory memory, RingFeatures features, int base) {
        return switch (ring) {
            case SplitRing split -> new SplitDeviceHalf(split, memory, features, base);
            case PackedRing packed -> new PackedDeviceHalf(packed, memory, features, base & 0xffff);
        };
    }

    /** The same half over other memory, for a memory table that changed while the ring ran; between bursts. */
    DeviceHalf movedTo(Vring moved, GuestMemory memory);

    /**
     * Adds up to {@code max} chains to the burst.
     *
     * @return how many were added, 0 if none is available or the burst has no room for the next, or {@link #BROKEN}
     */
    int take(ChainBurst burst, int max);

    RingFault fault();

    /** Takes back the last {@code count} chains taken, none of which was given back: they will be taken again. */
    void untake(int count);

    /** Chains taken and not yet given back. */
    int borrowed();

    /**
     * Gives a chain back, in the order of taking; the driver sees it after {@link #publishUsed}.
     *
     * @param head of the chain, or its buffer id in a packed ring
     * @param writtenByteLength bytes written into the chain's buffers
     */
    void giveBack(int head, long writtenByteLength);

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

    /** Where another half goes on if all that was taken has been given back: what GET_VRING_BASE answers. */
    int base();
}
