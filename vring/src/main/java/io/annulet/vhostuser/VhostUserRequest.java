package io.annulet.vhostuser;

import static io.annulet.vhostuser.Payload.CONFIG;
import static io.annulet.vhostuser.Payload.CRYPTO_SESSION;
import static io.annulet.vhostuser.Payload.INFLIGHT;
import static io.annulet.vhostuser.Payload.IOTLB;
import static io.annulet.vhostuser.Payload.LOG;
import static io.annulet.vhostuser.Payload.MEMORY_TABLE;
import static io.annulet.vhostuser.Payload.NOTHING;
import static io.annulet.vhostuser.Payload.SINGLE_REGION;
import static io.annulet.vhostuser.Payload.U64;
import static io.annulet.vhostuser.Payload.UUID;
import static io.annulet.vhostuser.Payload.VRING_ADDRESS;
import static io.annulet.vhostuser.Payload.VRING_STATE;
import static io.annulet.vhostuser.ReplyRule.ALWAYS;
import static io.annulet.vhostuser.ReplyRule.IF_ASKED;

import org.jspecify.annotations.Nullable;

/**
 * The messages a front-end sends: what one may carry, what it depends on, and whether it is answered. From vhost-user,
 * QEMU 10, "Front-end message types". Which of them a side implements is that side's business.
 */
public enum VhostUserRequest {
    GET_FEATURES(1, NOTHING, 0, 0, null, ALWAYS),
    SET_FEATURES(2, U64, 0, 0, null, IF_ASKED),
    SET_OWNER(3, NOTHING, 0, 0, null, IF_ASKED),
    RESET_OWNER(4, NOTHING, 0, 0, null, IF_ASKED),
    /** One descriptor for each region. */
    SET_MEM_TABLE(5, MEMORY_TABLE, 1, 8, null, IF_ASKED),
    SET_LOG_BASE(6, LOG, 1, 1, ProtocolFeature.LOG_SHMFD, ALWAYS),
    SET_LOG_FD(7, NOTHING, 1, 1, null, IF_ASKED),
    SET_VRING_NUM(8, VRING_STATE, 0, 0, null, IF_ASKED),
    SET_VRING_ADDR(9, VRING_ADDRESS, 0, 0, null, IF_ASKED),
    SET_VRING_BASE(10, VRING_STATE, 0, 0, null, IF_ASKED),
    GET_VRING_BASE(11, VRING_STATE, 0, 0, null, ALWAYS),
    /** A descriptor exactly if bit 8 of the payload is clear. */
    SET_VRING_KICK(12, U64, 0, 1, null, IF_ASKED),
    /** A descriptor exactly if bit 8 of the payload is clear. */
    SET_VRING_CALL(13, U64, 0, 1, null, IF_ASKED),
    /** A descriptor exactly if bit 8 of the payload is clear. */
    SET_VRING_ERR(14, U64, 0, 1, null, IF_ASKED),
    GET_PROTOCOL_FEATURES(15, NOTHING, 0, 0, null, ALWAYS),
    SET_PROTOCOL_FEATURES(16, U64, 0, 0, null, IF_ASKED),
    GET_QUEUE_NUM(17, NOTHING, 0, 0, ProtocolFeature.MQ, ALWAYS),
    /** Needs {@link VirtioFeature#PROTOCOL_FEATURES}. */
    SET_VRING_ENABLE(18, VRING_STATE, 0, 0, null, IF_ASKED),
    SEND_RARP(19, U64, 0, 0, ProtocolFeature.RARP, IF_ASKED),
    /** Needs {@link VirtioFeature#NET_MTU} too. */
    NET_SET_MTU(20, U64, 0, 0, ProtocolFeature.NET_MTU, IF_ASKED),
    SET_BACKEND_REQ_FD(21, NOTHING, 1, 1, ProtocolFeature.BACKEND_REQ, IF_ASKED),
    /** Needs {@link VirtioFeature#ACCESS_PLATFORM}. Its u64 is a status, for which QEMU always asks. */
    IOTLB_MSG(22, IOTLB, 0, 0, null, IF_ASKED),
    SET_VRING_ENDIAN(23, VRING_STATE, 0, 0, ProtocolFeature.CROSS_ENDIAN, IF_ASKED),
    GET_CONFIG(24, CONFIG, 0, 0, ProtocolFeature.CONFIG, ALWAYS),
    SET_CONFIG(25, CONFIG, 0, 0, ProtocolFeature.CONFIG, IF_ASKED),
    CREATE_CRYPTO_SESSION(26, CRYPTO_SESSION, 0, 0, ProtocolFeature.CRYPTO_SESSION, ALWAYS),
    CLOSE_CRYPTO_SESSION(27, U64, 0, 0, ProtocolFeature.CRYPTO_SESSION, IF_ASKED),
    POSTCOPY_ADVISE(28, NOTHING, 0, 0, ProtocolFeature.PAGEFAULT, ALWAYS),
    POSTCOPY_LISTEN(29, NOTHING, 0, 0, ProtocolFeature.PAGEFAULT, IF_ASKED),
    POSTCOPY_END(30, NOTHING, 0, 0, ProtocolFeature.PAGEFAULT, ALWAYS),
    GET_INFLIGHT_FD(31, INFLIGHT, 0, 0, ProtocolFeature.INFLIGHT_SHMFD, ALWAYS),
    SET_INFLIGHT_FD(32, INFLIGHT, 1, 1, ProtocolFeature.INFLIGHT_SHMFD, IF_ASKED),
    GPU_SET_SOCKET(33, NOTHING, 1, 1, null, IF_ASKED),
    RESET_DEVICE(34, NOTHING, 0, 0, ProtocolFeature.RESET_DEVICE, IF_ASKED),
    VRING_KICK(35, VRING_STATE, 0, 0, ProtocolFeature.INBAND_NOTIFICATIONS, IF_ASKED),
    GET_MAX_MEM_SLOTS(36, NOTHING, 0, 0, ProtocolFeature.CONFIGURE_MEM_SLOTS, ALWAYS),
    ADD_MEM_REG(37, SINGLE_REGION, 1, 1, ProtocolFeature.CONFIGURE_MEM_SLOTS, IF_ASKED),
    /** A descriptor is of no use here, but front-ends did send one: it is closed. */
    REM_MEM_REG(38, SINGLE_REGION, 0, 1, ProtocolFeature.CONFIGURE_MEM_SLOTS, IF_ASKED),
    SET_STATUS(39, U64, 0, 0, ProtocolFeature.STATUS, IF_ASKED),
    GET_STATUS(40, NOTHING, 0, 0, ProtocolFeature.STATUS, ALWAYS),
    GET_SHARED_OBJECT(41, UUID, 0, 0, ProtocolFeature.SHARED_OBJECT, ALWAYS),
    SET_DEVICE_STATE_FD(42, Payload.DEVICE_STATE, 1, 1, ProtocolFeature.DEVICE_STATE, ALWAYS),
    CHECK_DEVICE_STATE(43, NOTHING, 0, 0, ProtocolFeature.DEVICE_STATE, ALWAYS),
    GET_SHMEM_CONFIG(44, NOTHING, 0, 0, ProtocolFeature.SHMEM, ALWAYS);

    private static final @Nullable VhostUserRequest[] BY_ID = new VhostUserRequest[45];

    static {
        for (VhostUserRequest request : values()) {
            BY_ID[request.id] = request;
        }
    }

    private final int id;
    private final Payload payload;
    private final int minFds;
    private final int maxFds;
    private final @Nullable ProtocolFeature gate;
    private final ReplyRule reply;

    VhostUserRequest(int id, Payload payload, int minFds, int maxFds, @Nullable ProtocolFeature gate, ReplyRule reply) {
        this.id = id;
        this.payload = payload;
        this.minFds = minFds;
        this.maxFds = maxFds;
        this.gate = gate;
        this.reply = reply;
    }

    /** The request with this id, compared as 32 bits, or null if the protocol has none. */
    public static @Nullable VhostUserRequest of(int id) {
        return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
    }

    public int id() {
        return id;
    }

    /** Which sizes its payload may have. */
    public Payload payload() {
        return payload;
    }

    /** How many descriptors ride along at least. */
    public int minFds() {
        return minFds;
    }

    /** How many descriptors ride along at most. */
    public int maxFds() {
        return maxFds;
    }

    public boolean acceptsFds(int count) {
        return count >= minFds && count <= maxFds;
    }

    /** The protocol feature that must have been acknowledged before, or null if none. */
    public @Nullable ProtocolFeature gate() {
        return gate;
    }

    /** Whether the acknowledged protocol features allow this message. */
    public boolean allowedBy(long protocolFeatures) {
        return gate == null || gate.in(protocolFeatures);
    }

    public ReplyRule reply() {
        return reply;
    }
}
