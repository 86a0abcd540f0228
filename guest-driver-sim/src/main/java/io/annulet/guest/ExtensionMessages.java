package io.annulet.guest;

import io.annulet.linux.Fd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;

/**
 * The messages that extensions of the protocol brought and few back-ends serve: in-flight area, address translation,
 * configuration space, foreign byte order, kicks as messages, shared objects and memory; used by the front-end's thread.
 * From vhost-user, QEMU 10, "Front-end message types".
 */
public final class ExtensionMessages {

    private static final int UUID_BYTES = 16;
    private static final int MAX_SHARED_REGIONS = 256;

    private final VhostUserFrontEnd frontEnd;

    public ExtensionMessages(VhostUserFrontEnd frontEnd) {
        this.frontEnd = frontEnd;
    }

    // Inflight I/O tracking.

    /** Has the back-end make an area for its notes, which the caller keeps and closes. */
    public InflightArea getInflightFd(int queues, int queueSize) {
        byte[] payload = Payloads.inflight(0, 0, queues, queueSize);
        try (Message reply = frontEnd.ask(VhostUserRequest.GET_INFLIGHT_FD, payload)) {
            ByteBuffer answer = reply.payload();
            if (!VhostUserRequest.GET_INFLIGHT_FD.payload().accepts(answer.remaining())) {
                throw VhostUserFrontEnd.wrongReply(VhostUserRequest.GET_INFLIGHT_FD, reply.toString());
            }
            return new InflightArea(
                    onlyFd(reply, VhostUserRequest.GET_INFLIGHT_FD),
                    answer.getLong(MessageLayout.INFLIGHT_MMAP_SIZE),
                    answer.getLong(MessageLayout.INFLIGHT_MMAP_OFFSET),
                    queues,
                    queueSize);
        }
    }

    /** Gives a back-end its notes, or those of the one before it. */
    public void setInflightFd(InflightArea area) {
        byte[] payload = Payloads.inflight(area.byteLength(), area.fileOffset(), area.queues(), area.queueSize());
        frontEnd.tell(VhostUserRequest.SET_INFLIGHT_FD, payload, area.file());
    }

    // Address translation.

    /** Tells the back-end what stands behind a range of I/O addresses; waits until it knows. */
    public void updateTranslation(long ioAddress, long byteLength, long userAddress) {
        sendIotlb(Payloads.iotlb(
                ioAddress, byteLength, userAddress, MessageLayout.IOTLB_READ_WRITE, MessageLayout.IOTLB_UPDATE));
    }

    /** Has the back-end forget a range of I/O addresses; afterwards it does not touch what stood behind it. */
    public void invalidateTranslation(long ioAddress, long byteLength) {
        sendIotlb(Payloads.iotlb(ioAddress, byteLength, 0, 0, MessageLayout.IOTLB_INVALIDATE));
    }

    private void sendIotlb(byte[] payload) {
        long status = frontEnd.status(VhostUserRequest.IOTLB_MSG, payload);
        if (status != MessageLayout.ACK_SUCCESS) {
            throw new FrontEndException(
                    FrontEndException.Reason.REFUSED, "IOTLB_MSG was refused with status " + status);
        }
    }

    // Configuration space.

    /** Reads from the device's configuration space. */
    public byte[] getConfig(int offset, int byteLength) {
        byte[] question = Payloads.config(offset, 0, new byte[byteLength]);
        try (Message reply = frontEnd.ask(VhostUserRequest.GET_CONFIG, question)) {
            ByteBuffer answer = reply.payload();
            if (answer.remaining() != question.length) {
                throw VhostUserFrontEnd.wrongReply(VhostUserRequest.GET_CONFIG, reply.toString());
            }
            byte[] bytes = new byte[byteLength];
            answer.position(MessageLayout.CONFIG_BYTES).get(bytes);
            return bytes;
        }
    }

    /**
     * Writes to the device's configuration space.
     *
     * @param flags 0 for what the driver writes, 1 for a migration
     */
    public void setConfig(int offset, int flags, byte[] bytes) {
        frontEnd.tell(VhostUserRequest.SET_CONFIG, Payloads.config(offset, flags, bytes));
    }

    // Rings.

    /** The byte order of a legacy driver's ring. */
    public void setVringEndian(int index, boolean big) {
        frontEnd.tell(VhostUserRequest.SET_VRING_ENDIAN, Payloads.vringState(index, big ? 1 : 0));
    }

    /** Kicks by a message where that was agreed on. */
    public void kickVring(int index) {
        frontEnd.tell(VhostUserRequest.VRING_KICK, Payloads.vringState(index, 0));
    }

    // Sharing.

    /** A buffer that the back-end shares under this UUID of 16 bytes; the caller closes it. */
    public Fd getSharedObject(byte[] uuid) {
        if (uuid.length != UUID_BYTES) {
            throw new IllegalArgumentException("a UUID of " + uuid.length + " bytes");
        }
        try (Message reply = frontEnd.ask(VhostUserRequest.GET_SHARED_OBJECT, uuid)) {
            return onlyFd(reply, VhostUserRequest.GET_SHARED_OBJECT);
        }
    }

    /** Byte lengths of the device's shared memory regions, 0 for those that are not there. */
    public long[] getSharedMemoryConfig() {
        try (Message reply = frontEnd.ask(VhostUserRequest.GET_SHMEM_CONFIG, Payloads.nothing())) {
            ByteBuffer answer = reply.payload();
            boolean isWhole = answer.remaining() >= Long.BYTES && answer.remaining() % Long.BYTES == 0;
            int sizes = answer.remaining() / Long.BYTES - 1;
            if (!isWhole || sizes > MAX_SHARED_REGIONS) {
                throw VhostUserFrontEnd.wrongReply(VhostUserRequest.GET_SHMEM_CONFIG, reply.toString());
            }
            answer.getLong(); // how many regions there are, and padding
            long[] byteLengths = new long[sizes];
            answer.asLongBuffer().get(byteLengths);
            return byteLengths;
        }
    }

    /** The one descriptor that has to come with a reply, which is the caller's now. */
    static Fd onlyFd(Message reply, VhostUserRequest request) {
        if (reply.fds().size() != 1) {
            throw VhostUserFrontEnd.wrongReply(request, reply.toString());
        }
        return reply.takeFd();
    }
}
