package io.annulet.guest;

import io.annulet.vring.PackedRing;
import io.annulet.vring.SplitRing;

/**
 * How the queues of a simulated guest are made.
 *
 * @param ringSize descriptors of each ring, up to 32,768; a power of two unless the ring is packed
 * @param baseIndex where both indexes of each split ring start; drivers use 0, others wrap sooner
 * @param maxFrameByteLength the longest frame a transmit buffer holds
 * @param transmitFraming how frames to send are laid out in descriptors
 * @param receiveBufferByteLength bytes of one receive buffer, header included
 * @param receiveFraming how receive buffers are laid out in descriptors
 * @param kickPolicy when the device is kicked
 */
public record QueueOptions(
        int ringSize,
        int baseIndex,
        int maxFrameByteLength,
        Framing transmitFraming,
        int receiveBufferByteLength,
        Framing receiveFraming,
        KickPolicy kickPolicy) {

    /** A receive buffer that holds any frame a device may send, as drivers without mergeable buffers need it. */
    public static final int BIG_BUFFER_BYTES = 65_562;

    /** Rings of 256, frames of up to 1,518 bytes, receive buffers of 2,048 bytes, one descriptor for each. */
    public static final QueueOptions DEFAULTS =
            new QueueOptions(256, 0, 1518, Framing.ONE_DESCRIPTOR, 2048, Framing.ONE_DESCRIPTOR, KickPolicy.AS_ASKED);

    public QueueOptions {
        if (!PackedRing.isValidSize(ringSize)) {
            throw new IllegalArgumentException("a ring of " + ringSize + " descriptors");
        }
        if (ringSize < transmitFraming.ringDescriptors() || ringSize < receiveFraming.ringDescriptors()) {
            throw new IllegalArgumentException("one frame takes more descriptors than the ring has");
        }
        if (receiveBufferByteLength <= NetHeaderLayout.MAX_BYTES) {
            throw new IllegalArgumentException("receive buffers of " + receiveBufferByteLength + " bytes");
        }
    }

    public QueueOptions withRingSize(int size) {
        return new QueueOptions(
                size,
                baseIndex,
                maxFrameByteLength,
                transmitFraming,
                receiveBufferByteLength,
                receiveFraming,
                kickPolicy);
    }

    public QueueOptions withBaseIndex(int index) {
        return new QueueOptions(
                ringSize,
                index,
                maxFrameByteLength,
                transmitFraming,
                receiveBufferByteLength,
                receiveFraming,
                kickPolicy);
    }

    public QueueOptions withMaxFrameByteLength(int byteLength) {
        return new QueueOptions(
                ringSize, baseIndex, byteLength, transmitFraming, receiveBufferByteLength, receiveFraming, kickPolicy);
    }

    public QueueOptions withTransmitFraming(Framing framing) {
        return new QueueOptions(
                ringSize, baseIndex, maxFrameByteLength, framing, receiveBufferByteLength, receiveFraming, kickPolicy);
    }

    public QueueOptions withReceiveBuffers(int byteLength, Framing framing) {
        return new QueueOptions(
                ringSize, baseIndex, maxFrameByteLength, transmitFraming, byteLength, framing, kickPolicy);
    }

    public QueueOptions withKickPolicy(KickPolicy policy) {
        return new QueueOptions(
                ringSize,
                baseIndex,
                maxFrameByteLength,
                transmitFraming,
                receiveBufferByteLength,
                receiveFraming,
                policy);
    }

    /** Frames that can be with the device at a time. */
    int transmitBuffers() {
        return ringSize / transmitFraming.ringDescriptors();
    }

    int receiveBuffers() {
        return ringSize / receiveFraming.ringDescriptors();
    }

    /** Guest RAM that one pair of queues takes, at most. */
    long pairByteLength() {
        long rings = 2
                * (SplitRing.descriptorTableBytes(ringSize)
                        + SplitRing.availBytes(ringSize)
                        + SplitRing.usedBytes(ringSize)
                        + 3 * 64);
        long transmit = transmitBuffers()
                * (BufferPool.byteLength(maxFrameByteLength) + ChainBuilder.tableByteLength(transmitFraming));
        long receive = receiveBuffers()
                * (BufferPool.byteLength(receiveBufferByteLength) + ChainBuilder.tableByteLength(receiveFraming));
        return rings + transmit + receive + 64;
    }
}
