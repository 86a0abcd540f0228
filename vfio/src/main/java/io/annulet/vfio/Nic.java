package io.annulet.vfio;

import java.util.List;

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

    /** Fixed once the device was reset. */
    NicLimits limits();

    /** The NIC's own address, its first byte lowest. */
    long macAddress();

    /** Brings the rings up, with no buffers, and lets the NIC read and write memory. */
    void start();

    /** Ends all access to memory; when this returns nothing is in flight. */
    void stop();

    boolean isLinkUp();

    /** Frames that the NIC dropped for want of a receive buffer since the last time this was asked; 0 if it cannot tell. */
    long takeMissedFrames();

    /**
     * Which frames are received, beside those for everybody.
     *
     * @param promiscuous all
     * @param macAddresses else those for one of these, first bytes lowest; if there are too many of them, all frames
     * @return whether the NIC does that now; false if it cannot
     */
    boolean receiveOnly(boolean promiscuous, List<Long> macAddresses);

    /** Asks for an interrupt with the next frame that comes in or has gone out. What came before raises none. */
    void requestInterrupts();

    void suppressInterrupts();

    /** The interrupt for all that is no frame came; after this the next one can. */
    void acknowledgeOther();

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
