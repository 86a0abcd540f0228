package io.annulet.hostile;

import io.annulet.guest.Payloads;
import io.annulet.hostile.ProtocolMessage.Delivery;
import io.annulet.hostile.ProtocolMessage.Kind;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Makes the messages of generated sessions: most as a front-end would send them, so that sessions get far, and some with
 * sizes, descriptors, flags and numbers from the edges of what there is. Used by one thread.
 */
final class ProtocolMessages {

    /** Two regions of half of this each. */
    static final long FILE_BYTES = 256 << 10;

    private static final long HALF = FILE_BYTES / 2;
    private static final long[] GUEST = {0, 0x10_0000};
    private static final long[] USER = {0x7000_0000, 0x7100_0000};
    private static final VhostUserRequest[] ALL = VhostUserRequest.values();

    private static final VhostUserRequest[] STEPS = {
        VhostUserRequest.SET_PROTOCOL_FEATURES,
        VhostUserRequest.SET_FEATURES,
        VhostUserRequest.SET_MEM_TABLE,
        VhostUserRequest.SET_VRING_NUM,
        VhostUserRequest.SET_VRING_BASE,
        VhostUserRequest.SET_VRING_ADDR,
        VhostUserRequest.SET_VRING_CALL,
        VhostUserRequest.SET_VRING_KICK,
        VhostUserRequest.SET_VRING_ENABLE
    };

    private static final long[] NUMBERS = {
        0, 1, 2, 3, 4, 0xff, 0x100, 0x101, 0x103, 0x104, 68, 1500, 1501, 0x10000, 1L << 32, 1L << 63, -1
    };
    private static final int[] INDEXES = {0, 1, 2, 3, 0, 1, 2, 3, 4, 0x100, 0x10000, -1};
    private static final int[] SIZES = {16, 256, 16, 256, 0, 1, 2, 3, 7, 1024, 32768, 32769, 65536, -1};

    /** None from which a ring would take what is not there. */
    private static final int[] BASES = {0, 0, 5, 16, 300, 0x8000, 0x80008000, 65536, -1};

    private static final int[] FD_COUNTS = {0, 1, 2, 7, 8, 9, 253};

    private final RandomGenerator random;
    private final long offered;
    private final long offeredProtocol;

    ProtocolMessages(RandomGenerator random, long offered, long offeredProtocol) {
        this.random = random;
        this.offered = offered;
        this.offeredProtocol = offeredProtocol;
    }

    private boolean oneIn(int times) {
        return random.nextInt(times) == 0;
    }

    private int any(int... of) {
        return of[random.nextInt(of.length)];
    }

    private long any(long... of) {
        return of[random.nextInt(of.length)];
    }

    ProtocolMessage next() {
        int id;
        byte[] payload;
        List<Kind> fds;
        if (oneIn(25)) {
            id = any(0, 45, 46, 255, 0x10001, Integer.MAX_VALUE, Integer.MIN_VALUE, -1);
            payload = new byte[random.nextInt(64)];
            fds = List.of();
        } else {
            VhostUserRequest request = oneIn(3) ? ALL[random.nextInt(ALL.length)] : STEPS[random.nextInt(STEPS.length)];
            id = request.id();
            payload = payload(request);
            fds = fds(request, payload);
        }
        if (oneIn(20)) {
            payload = Arrays.copyOf(payload, any(0, 1, 7, Math.max(0, payload.length - 1), payload.length + 1, 4096));
        }
        if (oneIn(20)) {
            fds = repeated(Kind.MEMORY, any(FD_COUNTS));
        }
        int flags = MessageLayout.VERSION | (oneIn(2) ? MessageLayout.FLAG_NEED_REPLY : 0);
        if (oneIn(50)) {
            flags = random.nextInt(32);
        }
        Delivery delivery = oneIn(4) ? Delivery.values()[random.nextInt(Delivery.values().length)] : Delivery.WHOLE;
        int length = MessageLayout.HEADER_BYTES + payload.length;
        if (delivery == Delivery.BYTE_BY_BYTE && length > 300) {
            delivery = Delivery.CUT;
        }
        int cut = 1 + random.nextInt(length - 1);
        if (delivery == Delivery.CUT_WITH_LATE_FDS) {
            // Within a header the kernel may join both parts, and then nobody can tell.
            cut = Math.max(cut, MessageLayout.HEADER_BYTES);
            delivery = cut < length ? delivery : Delivery.WHOLE;
        }
        return new ProtocolMessage(id, flags, payload, fds, delivery, cut);
    }

    private static List<Kind> repeated(Kind kind, int count) {
        return new ArrayList<>(Collections.nCopies(count, kind));
    }

    private byte[] payload(VhostUserRequest request) {
        return switch (request) {
            case SET_PROTOCOL_FEATURES ->
                Payloads.u64(oneIn(8) ? random.nextLong() : offeredProtocol & -any(1L, 1L, 2L));
            case SET_FEATURES -> Payloads.u64(features());
            case SET_MEM_TABLE -> table();
            case ADD_MEM_REG, REM_MEM_REG -> Messages.single(region(random.nextInt(2)));
            case SET_VRING_NUM -> Payloads.vringState(any(INDEXES), any(SIZES));
            case SET_VRING_BASE -> Payloads.vringState(any(INDEXES), any(BASES));
            case GET_VRING_BASE -> Payloads.vringState(any(INDEXES), any(SIZES));
            case SET_VRING_ENABLE -> Payloads.vringState(any(INDEXES), any(0, 1, 1, 1, 2, -1));
            case SET_VRING_ADDR -> addresses();
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR ->
                Payloads.u64(oneIn(4) ? any(NUMBERS) : random.nextInt(4));
            case SET_STATUS, NET_SET_MTU, SEND_RARP -> Payloads.u64(any(NUMBERS));
            default -> request.payload() == Payload.U64 ? Payloads.u64(any(NUMBERS)) : Messages.emptyPayload(request);
        };
    }

    private long features() {
        if (oneIn(8)) {
            return random.nextLong();
        }
        long left = random.nextLong();
        left &= random.nextLong();
        long some = offered & ~left;
        return oneIn(4) ? some : (some | VirtioFeature.PROTOCOL_FEATURES) & ~(oneIn(3) ? 0 : VirtioFeature.RING_PACKED);
    }

    private byte[] table() {
        int count = oneIn(6) ? any(0, 3, 8, 9, -1) : 1 + random.nextInt(2);
        byte[][] regions = new byte[Math.clamp(count, 1, 8)][];
        for (int i = 0; i < regions.length; i++) {
            regions[i] = region(i & 1);
        }
        return Messages.table(count, regions);
    }

    private byte[] region(int which) {
        long edge = any(0, 0, 0, 0, 0, 0, 0, 0, 1, 4096, -4096, 1L << 63);
        return switch (random.nextInt(12)) {
            case 0 -> Messages.region(GUEST[which] + edge, HALF, USER[which], which * HALF);
            case 1 -> Messages.region(GUEST[which], HALF + edge, USER[which], which * HALF);
            case 2 -> Messages.region(GUEST[which], HALF, USER[which] + edge, which * HALF);
            case 3 -> Messages.region(GUEST[which], HALF, USER[which], which * HALF + edge);
            default -> Messages.region(GUEST[which], HALF, USER[which], which * HALF);
        };
    }

    /** Each ring has two places of its own, so that none writes where another one is read. */
    private byte[] addresses() {
        int index = any(INDEXES);
        int which = index & 3;
        long base = USER[which >> 1] + (which & 1) * (HALF / 2) + random.nextInt(2) * (HALF / 4);
        long descriptors = base + any(0, 0, 0, 0, 0, 0, 0, 0, 8, 1);
        long available = base + 8192 + any(0, 0, 0, 0, 0, 0, 0, 0, 1, -8000);
        long used = base + 12288 + any(0, 0, 0, 0, 0, 0, 0, 0, 2, HALF);
        return Payloads.vringAddress(index, any(0, 0, 0, 0, 0, 1, 2, -1), descriptors, used, available, 0);
    }

    private List<Kind> fds(VhostUserRequest request, byte[] payload) {
        int count = switch (request) {
            case SET_MEM_TABLE -> Math.clamp(payload[0], 0, 8);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> (payload[1] & 1) == 0 ? 1 : 0;
            default -> request.minFds();
        };
        Kind right = switch (request) {
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> Kind.EVENT;
            case SET_BACKEND_REQ_FD -> Kind.SOCKET;
            default -> Kind.MEMORY;
        };
        return repeated(oneIn(25) ? Kind.values()[random.nextInt(3)] : right, count);
    }
}
