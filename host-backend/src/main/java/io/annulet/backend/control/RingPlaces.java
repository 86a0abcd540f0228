package io.annulet.backend.control;

/** Where the memory is that SET_VRING_ADDR names; used by the control thread. */
@FunctionalInterface
interface RingPlaces {

    /**
     * The host address of a part of a ring, or {@link io.annulet.memory.GuestMemory#UNMAPPED} if it is not all there in one
     * piece.
     *
     * @param address as the front-end tells it
     * @param access what the device has to do there: {@link io.annulet.memory.Access}
     */
    long hostAddress(long address, long byteLength, int access);
}
