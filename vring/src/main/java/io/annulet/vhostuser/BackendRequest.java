package io.annulet.vhostuser;

import static io.annulet.vhostuser.Payload.IOTLB;
import static io.annulet.vhostuser.Payload.NOTHING;
import static io.annulet.vhostuser.Payload.UUID;
import static io.annulet.vhostuser.Payload.VRING_AREA;
import static io.annulet.vhostuser.Payload.VRING_STATE;
import static io.annulet.vhostuser.ReplyRule.ALWAYS;
import static io.annulet.vhostuser.ReplyRule.IF_ASKED;

import org.jspecify.annotations.Nullable;

/**
 * The messages a back-end sends on the channel that SET_BACKEND_REQ_FD gave it. From vhost-user, QEMU 10, "Back-end
 * message types".
 */
public enum BackendRequest {
    IOTLB_MSG(1, IOTLB, 0, 0, null, IF_ASKED),
    CONFIG_CHANGE_MSG(2, NOTHING, 0, 0, ProtocolFeature.CONFIG, IF_ASKED),
    VRING_HOST_NOTIFIER_MSG(3, VRING_AREA, 0, 1, ProtocolFeature.HOST_NOTIFIER, IF_ASKED),
    VRING_CALL(4, VRING_STATE, 0, 0, ProtocolFeature.INBAND_NOTIFICATIONS, IF_ASKED),
    VRING_ERR(5, VRING_STATE, 0, 0, ProtocolFeature.INBAND_NOTIFICATIONS, IF_ASKED),
    SHARED_OBJECT_ADD(6, UUID, 0, 0, ProtocolFeature.SHARED_OBJECT, IF_ASKED),
    SHARED_OBJECT_REMOVE(7, UUID, 0, 0, ProtocolFeature.SHARED_OBJECT, IF_ASKED),
    SHARED_OBJECT_LOOKUP(8, UUID, 0, 0, ProtocolFeature.SHARED_OBJECT, ALWAYS),
    SHMEM_MAP(9, Payload.SHMEM_MAP, 1, 1, ProtocolFeature.SHMEM, IF_ASKED),
    SHMEM_UNMAP(10, Payload.SHMEM_MAP, 0, 0, ProtocolFeature.SHMEM, IF_ASKED);

    private final int id;
    private final Payload payload;
    private final int minFds;
    private final int maxFds;
    private final @Nullable ProtocolFeature gate;
    private final ReplyRule reply;

    BackendRequest(int id, Payload payload, int minFds, int maxFds, @Nullable ProtocolFeature gate, ReplyRule reply) {
        this.id = id;
        this.payload = payload;
        this.minFds = minFds;
        this.maxFds = maxFds;
        this.gate = gate;
        this.reply = reply;
    }

    /** The request with this id, or null if the protocol has none. */
    public static @Nullable BackendRequest of(int id) {
        return id >= 1 && id <= values().length ? values()[id - 1] : null;
    }

    public int id() {
        return id;
    }

    public Payload payload() {
        return payload;
    }

    public boolean acceptsFds(int count) {
        return count >= minFds && count <= maxFds;
    }

    /** The protocol feature that must have been acknowledged before, or null if none. */
    public @Nullable ProtocolFeature gate() {
        return gate;
    }

    public ReplyRule reply() {
        return reply;
    }
}
