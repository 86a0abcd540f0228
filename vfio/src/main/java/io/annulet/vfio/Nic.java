package io.annulet.vfio;

import java.util.Set;

/**
 * A NIC that is driven from user space, with one queue in each direction; owned by one worker, which calls all of it but
 * for what is said otherwise.
 *
 * <p>This is what a driver implements. Frames go out of and come into memory that the NIC was given before: a driver is
 * told addresses as the NIC sees them, and touches nothing but its own rings and registers. What the NIC writes back is
 * believed only after it was checked against what it was given: nothing of it may lead outside of the driver's tables.
 *
 * <pre>
 *   reset     - start - transmit ... publishTransmit - takeTransmitted ...   - stop
 *                     - offer ...    publishReceive  - takeReceived ...
 * </pre>
 *
 * <p>A driver gets its ring memory as a {@link DmaArea}s of each direction. After {@link #stop} nothing is in flight, and
 * {@link #start} begins anew with empty rings; all that was offered and not taken is forgotten.
 */
public interface Nic {

    /** What the take methods return when there is nothing. */
    int NOTHING = -1;

    /** What they return when the NIC wrote what cannot be: it is to be stopped. */
    int BROKEN = -2;

    /** How far a filter got. */
    enum FilterState {
        SET,
        /** The NIC was told and has not answered. */
        UNDER_WAY,
        /** The NIC cannot do that, or does not answer: it may receive more than it should, and less. */
        REFUSED
    }

    /** Fixed once the device was reset. */
    NicLimits limits();

    /** The NIC's own address, its first byte lowest. */
    long macAddress();

    /** Brings the rings up, with no buffers, and lets the NIC read and write memory. */
    void start();

    /** Ends all access to memory; when this returns nothing is in flight. */
    void stop();

    boolean isLinkUp();

    /** What the NIC counts by itself. */
    Set<NicStatistic> statistics();

    /** How much it counted of this since the last time that was asked, or since {@link #start}; 0 if it does not. */
    long take(NicStatistic which);

    /**
     * Has the NIC receive some frames only, from now on and whenever it is started. If it has no place for as many
     * addresses or groups, it receives more. May take a while, in which more than that is received.
     */
    void receiveOnly(NicFilter filter);

    /** What became of the last filter. While one is under way, it goes on only when this is asked. */
    FilterState filterState();

    /** Asks for an interrupt with the next frame that comes in or has gone out. What came before raises none. */
    void requestInterrupts();

    void suppressInterrupts();

    /** The interrupt for all that is no frame came; after this the next one can. */
    void acknowledgeOther();

    /**
     * With {@link Interrupts#LINE}: has the NIC let go of its line, so that it may be unmasked.
     *
     * @return whether it was raised for anything but frames
     */
    boolean acknowledgeLine();

    // Frames out.

    /** Whether a frame of so many pieces fits now. */
    boolean hasRoom(int pieces);

    /**
     * Hands a frame over, which the NIC reads after {@link #publishTransmit} at the latest.
     *
     * @param header host address of the virtio-net header, in memory of ours; the frame's headers follow it. A driver may
     *     change both, to say the same in the NIC's own way.
     * @param iovas where its pieces are, the first of them being the headers
     * @param byteLengths within {@link NicLimits#pieceBytes} each, and more than 0
     * @param token 0 or more, below the ring's size, and not in use
     */
    void transmit(long header, long[] iovas, int[] byteLengths, int pieces, int token);

    void publishTransmit();

    /** The token of a frame that the NIC does not read any more, {@link #NOTHING} or {@link #BROKEN}. */
    int takeTransmitted();

    // Frames in.

    /**
     * Offers a buffer, in which the NIC puts one frame, behind {@link NicLimits#headerBytes} of its own.
     *
     * @param token 0 or more, and below {@link NicLimits#receiveBuffers}
     */
    void offer(long iova, int byteLength, int token);

    void publishReceive();

    /** The token of a buffer that was filled, {@link #NOTHING} or {@link #BROKEN}. */
    int takeReceived();

    /** Bytes of the frame that was taken last, 0 if it was damaged or longer than its buffer; never more than that. */
    int receivedBytes();
}
