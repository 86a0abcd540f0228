package io.annulet.hostile;

import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a back-end has to answer, written down a second time and without it: the state of one session as far as answers
 * depend on it; used by one thread.
 *
 * <p>It is about a port of two queue pairs and an mtu of 1,500. A message whose protocol feature is offered and that it
 * knows nothing about may be answered in any way.
 */
final class ProtocolModel {

    static final int VRINGS = 4;
    static final int SLOTS = 509;
    private static final int MAX_SIZE = 32768;
    private static final int PAGE = 4096;

    /** What comes of a message. */
    enum Outcome {
        /** A reply with {@link #value}. */
        VALUE,
        /** A reply with {@link #value} in its first half, and any number in the second. */
        INDEX,
        /** A status other than 0. */
        REFUSAL,
        NOTHING,
        CLOSED,
        /** This model does not know. */
        ANYTHING
    }

    private static final class Vring {
        int size;
        long base;
        long @Nullable [] addresses;
        boolean started;
    }

    private final long offered;
    private final long offeredProtocol;
    private final long fileBytes;
    private final Vring[] vrings = new Vring[VRINGS];
    private List<long[]> regions = new ArrayList<>();
    private long features;
    private boolean featuresSet;
    private long protocol;
    private long status;
    private boolean layoutChanged;
    private long value;

    /** At the beginning of a session; every region is of a file of so many bytes. */
    ProtocolModel(long offered, long offeredProtocol, long fileBytes) {
        this.offered = offered;
        this.offeredProtocol = offeredProtocol;
        this.fileBytes = fileBytes;
        Arrays.setAll(vrings, i -> new Vring());
    }

    long value() {
        return value;
    }

    boolean hasAcks() {
        return ProtocolFeature.REPLY_ACK.in(protocol);
    }

    boolean isStarted(int vring) {
        return vrings[vring].started;
    }

    /** Says what has to come of a message, and goes on to the state after it. */
    Outcome after(ProtocolMessage message) {
        if ((message.flags & MessageLayout.VERSION_MASK) != MessageLayout.VERSION || message.payload.length > 4096) {
            return Outcome.CLOSED;
        }
        VhostUserRequest request = VhostUserRequest.of(message.id);
        boolean asked = (message.flags & MessageLayout.FLAG_NEED_REPLY) != 0;
        boolean acksBefore = hasAcks();
        if (request == null || !isWellFormed(message, request)) {
            return refusal(request, asked && acksBefore);
        }
        if (!isModelled(request)) {
            return isServedByNobody(request) ? refusal(request, asked && acksBefore) : Outcome.ANYTHING;
        }
        value = 0;
        if (!isAccepted(message, request)) {
            return refusal(request, asked && acksBefore);
        }
        if (request == VhostUserRequest.GET_VRING_BASE) {
            return layoutChanged ? Outcome.INDEX : Outcome.VALUE;
        }
        if (request.reply() == ReplyRule.ALWAYS) {
            return Outcome.VALUE;
        }
        return asked && hasAcks() ? Outcome.VALUE : Outcome.NOTHING;
    }

    private static Outcome refusal(@Nullable VhostUserRequest request, boolean told) {
        return told && (request == null || request.reply() == ReplyRule.IF_ASKED) ? Outcome.REFUSAL : Outcome.CLOSED;
    }

    private boolean isWellFormed(ProtocolMessage message, VhostUserRequest request) {
        int known = MessageLayout.VERSION_MASK | MessageLayout.FLAG_NEED_REPLY;
        return (message.flags & ~known) == 0
                && request.payload().accepts(message.payload.length)
                && !message.hasLateFds()
                && message.fds.size() <= MessageLayout.MAX_FDS
                && request.acceptsFds(message.fds.size())
                && request.allowedBy(protocol);
    }

    private static boolean isModelled(VhostUserRequest request) {
        return switch (request) {
            case GET_FEATURES,
                    SET_FEATURES,
                    SET_OWNER,
                    RESET_OWNER,
                    SET_MEM_TABLE,
                    SET_VRING_NUM,
                    SET_VRING_ADDR,
                    SET_VRING_BASE,
                    GET_VRING_BASE,
                    SET_VRING_KICK,
                    SET_VRING_CALL,
                    SET_VRING_ERR,
                    GET_PROTOCOL_FEATURES,
                    SET_PROTOCOL_FEATURES,
                    GET_QUEUE_NUM,
                    SET_VRING_ENABLE,
                    SEND_RARP,
                    NET_SET_MTU,
                    SET_BACKEND_REQ_FD,
                    RESET_DEVICE,
                    GET_MAX_MEM_SLOTS,
                    ADD_MEM_REG,
                    REM_MEM_REG,
                    SET_STATUS,
                    GET_STATUS -> true;
            default -> false;
        };
    }

    /** No network device has these. */
    private static boolean isServedByNobody(VhostUserRequest request) {
        return request == VhostUserRequest.GPU_SET_SOCKET;
    }

    private boolean isAccepted(ProtocolMessage message, VhostUserRequest request) {
        return switch (request) {
            case GET_FEATURES -> answers(offered);
            case GET_PROTOCOL_FEATURES -> answers(offeredProtocol);
            case GET_QUEUE_NUM -> answers(VRINGS / 2);
            case GET_MAX_MEM_SLOTS -> answers(SLOTS);
            case GET_STATUS -> answers(status);
            case SET_FEATURES -> setFeatures(message.u64(0));
            case SET_PROTOCOL_FEATURES -> setProtocolFeatures(message.u64(0));
            case SET_MEM_TABLE -> setMemTable(message);
            case ADD_MEM_REG -> addMemReg(message);
            case REM_MEM_REG -> remMemReg(message);
            case SET_VRING_NUM -> setVringNum(message);
            case SET_VRING_BASE -> setVringBase(message);
            case SET_VRING_ADDR -> setVringAddr(message);
            case SET_VRING_ENABLE -> isVring(message.u32(0)) && message.u32(4) <= 1 && ringsStartDisabled();
            case SET_VRING_KICK -> isNotified(message) && start(vrings[(int) (message.u64(0) & 0xff)]);
            case SET_VRING_CALL, SET_VRING_ERR -> isNotified(message);
            case GET_VRING_BASE -> getVringBase(message);
            case NET_SET_MTU ->
                Long.compareUnsigned(message.u64(0), 68) >= 0 && Long.compareUnsigned(message.u64(0), 1500) <= 0;
            case SEND_RARP -> (message.u64(0) & 0xffff_ffff_ffffL) != 0 && (message.u64(0) & 1) == 0;
            case SET_BACKEND_REQ_FD -> message.fds.getFirst() == ProtocolMessage.Kind.SOCKET;
            case SET_STATUS -> setStatus(message.u64(0));
            case RESET_DEVICE -> resetDevice();
            default -> true;
        };
    }

    private boolean answers(long answer) {
        value = answer;
        return true;
    }

    private boolean setFeatures(long wanted) {
        boolean anyStarted = Arrays.stream(vrings).anyMatch(vring -> vring.started);
        if ((wanted & ~offered) != 0 || (wanted != features && anyStarted)) {
            return false;
        }
        layoutChanged |= ((wanted ^ features) & VirtioFeature.RING_PACKED) != 0;
        features = wanted;
        featuresSet = true;
        return true;
    }

    private boolean setProtocolFeatures(long wanted) {
        if ((wanted & ~offeredProtocol) != 0) {
            return false;
        }
        protocol = wanted;
        return true;
    }

    private boolean ringsStartDisabled() {
        return !featuresSet || (features & VirtioFeature.PROTOCOL_FEATURES) != 0;
    }

    private boolean isPacked() {
        return (features & VirtioFeature.RING_PACKED) != 0;
    }

    // Memory: a region is guest address, length, user address and offset.

    private boolean setMemTable(ProtocolMessage message) {
        long count = message.u32(0);
        if (count < 1 || count > 8 || message.payload.length != 8 + 32 * count || message.fds.size() != count) {
            return false;
        }
        List<long[]> next = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            next.add(region(message, 8 + 32 * i));
        }
        return message.fds.stream().allMatch(ProtocolMessage.Kind.MEMORY::equals)
                && next.stream().allMatch(this::isRegion)
                && replaceBy(next);
    }

    private boolean addMemReg(ProtocolMessage message) {
        long[] added = region(message, 8);
        List<long[]> next = new ArrayList<>(regions);
        next.add(added);
        return message.fds.getFirst() == ProtocolMessage.Kind.MEMORY && isRegion(added) && replaceBy(next);
    }

    private boolean remMemReg(ProtocolMessage message) {
        long[] gone = region(message, 8);
        List<long[]> next = new ArrayList<>(regions);
        next.removeIf(region -> region[0] == gone[0] && region[1] == gone[1] && region[2] == gone[2]);
        return next.size() < regions.size() && replaceBy(next);
    }

    private static long[] region(ProtocolMessage message, int at) {
        return new long[] {message.u64(at), message.u64(at + 8), message.u64(at + 16), message.u64(at + 24)};
    }

    private boolean isRegion(long[] region) {
        long length = region[1];
        return length > 0
                && length % PAGE == 0
                && region[3] >= 0
                && region[3] % PAGE == 0
                && length <= fileBytes
                && region[3] <= fileBytes - length
                && !wraps(region[0], length)
                && !wraps(region[2], length);
    }

    private static boolean wraps(long address, long length) {
        return Long.compareUnsigned(address + length - 1, address) < 0;
    }

    private boolean replaceBy(List<long[]> next) {
        for (int i = 0; i < next.size(); i++) {
            for (int j = 0; j < i; j++) {
                long[] a = next.get(i);
                long[] b = next.get(j);
                if (overlap(a[0], a[1], b[0], b[1]) || overlap(a[2], a[1], b[2], b[1])) {
                    return false;
                }
            }
        }
        for (Vring vring : vrings) {
            if (vring.started && !fits(vring, vring.addresses, next)) {
                return false;
            }
        }
        regions = next;
        return true;
    }

    private static boolean overlap(long a, long aLength, long b, long bLength) {
        return Long.compareUnsigned(b - a, aLength) < 0 || Long.compareUnsigned(a - b, bLength) < 0;
    }

    // Rings: addresses are those of descriptors, used and available.

    private static boolean isVring(long index) {
        return index >= 0 && index < VRINGS;
    }

    private boolean isSize(long size) {
        return size >= 1 && size <= MAX_SIZE && (isPacked() || Long.bitCount(size) == 1);
    }

    private boolean setVringNum(ProtocolMessage message) {
        long index = message.u32(0);
        if (!isVring(index) || vrings[(int) index].started || !isSize(message.u32(4))) {
            return false;
        }
        vrings[(int) index].size = (int) message.u32(4);
        return true;
    }

    private boolean setVringBase(ProtocolMessage message) {
        long index = message.u32(0);
        long base = message.u32(4);
        if (!isVring(index) || vrings[(int) index].started || (!isPacked() && base > 0xffff)) {
            return false;
        }
        vrings[(int) index].base = base;
        return true;
    }

    private boolean setVringAddr(ProtocolMessage message) {
        long index = message.u32(0);
        if (!isVring(index) || (message.u32(4) & ~1) != 0) {
            return false;
        }
        Vring vring = vrings[(int) index];
        long[] addresses = {message.u64(8), message.u64(16), message.u64(24)};
        if (Arrays.equals(addresses, vring.addresses)) {
            return true;
        }
        if (vring.size != 0 && !regions.isEmpty() && !fits(vring, addresses, regions)) {
            return false;
        }
        if (vring.started) {
            stop(vring);
            vring.addresses = addresses;
            return start(vring);
        }
        vring.addresses = addresses;
        return true;
    }

    private boolean fits(Vring vring, long @Nullable [] addresses, List<long[]> in) {
        if (addresses == null || !isSize(vring.size)) {
            return false;
        }
        int size = vring.size;
        long[] lengths =
                isPacked() ? new long[] {16L * size, 4, 4} : new long[] {16L * size, 6 + 8L * size, 6 + 2L * size};
        int[] alignments = isPacked() ? new int[] {16, 4, 4} : new int[] {16, 4, 2};
        for (int i = 0; i < 3; i++) {
            long address = addresses[i];
            long length = lengths[i];
            boolean isInside = in.stream()
                    .anyMatch(region -> Long.compareUnsigned(address - region[2], region[1]) < 0
                            && length <= region[1] - (address - region[2]));
            if (!isInside || address % alignments[i] != 0) {
                return false;
            }
            for (int j = 0; j < i; j++) {
                if (overlap(addresses[j], lengths[j], address, length)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean isNotified(ProtocolMessage message) {
        long number = message.u64(0);
        boolean announced = (number & 0x100) == 0;
        return (number & ~0x1ffL) == 0
                && announced == (message.fds.size() == 1)
                && isVring(number & 0xff)
                && message.fds.stream().allMatch(kind -> isEvent(kind, message));
    }

    /** User-mode Linux is called through a stream socket; nobody kicks through one. */
    private static boolean isEvent(ProtocolMessage.Kind kind, ProtocolMessage message) {
        return kind == ProtocolMessage.Kind.EVENT
                || (kind == ProtocolMessage.Kind.SOCKET && message.id != VhostUserRequest.SET_VRING_KICK.id());
    }

    /** All memory is zero, and so are all used indexes: a split ring begins there if the base told is not far from it. */
    private boolean start(Vring vring) {
        if (vring.size == 0 || !fits(vring, vring.addresses, regions)) {
            return false;
        }
        if (isPacked() && (vring.base & 0x7fff) >= vring.size) {
            return false;
        }
        stop(vring);
        if (isPacked()) {
            vring.base &= 0xffff;
        } else if (vring.base <= vring.size) {
            vring.base = 0;
        }
        vring.started = true;
        return true;
    }

    private void stop(Vring vring) {
        if (vring.started && isPacked()) {
            vring.base |= vring.base << 16;
        }
        vring.started = false;
    }

    private boolean getVringBase(ProtocolMessage message) {
        long index = message.u32(0);
        if (!isVring(index)) {
            return false;
        }
        Vring vring = vrings[(int) index];
        stop(vring);
        vring.addresses = null;
        return answers(index | vring.base << 32);
    }

    private boolean setStatus(long wanted) {
        if ((wanted & ~0xffL) != 0) {
            return false;
        }
        status = wanted;
        if (wanted == 0) {
            for (Vring vring : vrings) {
                vring.started = false;
            }
        }
        return true;
    }

    private boolean resetDevice() {
        for (Vring vring : vrings) {
            vring.started = false;
            vring.size = 0;
            vring.base = 0;
            vring.addresses = null;
        }
        status = 0;
        return true;
    }
}
