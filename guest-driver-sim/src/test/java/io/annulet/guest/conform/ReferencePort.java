package io.annulet.guest.conform;

import io.annulet.guest.Payloads;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One port of the reference back-end: its socket, what a front-end told it, its rings; used by the back-end's thread. */
final class ReferencePort implements AutoCloseable {

    private static final long REFUSED = 1;
    private static final int QUEUE_PAIRS = 2;
    private static final int SLOTS = 64;
    private static final int MOST_CONNECTIONS = 8;

    private final Set<Flaw> flaws;
    private final UnixListener listener;
    private final ReferenceMemory memory;
    private final ReferenceMigration migration;
    private final byte[] config = {1, 2, 3, 4, 5, 6, 0, 0, QUEUE_PAIRS, 0, (byte) 0xdc, 5};
    private final Map<Integer, ReferenceRing> rings = new TreeMap<>();
    private @Nullable UnixSocket socket;
    private @Nullable ReferenceInput input;
    private long features;
    private long protocolFeatures;
    private boolean featuresWereSet;
    private boolean memoryWasSet;
    private boolean ringsWereSet;
    private boolean resetForGood;
    private boolean wasReset;
    private boolean hangs;
    private boolean logsToEventFd;
    private boolean stalls;
    private boolean knowsArea;
    private @Nullable ReferenceInflight inflight;
    private @Nullable ReferenceTranslation translation;
    private ByteBuffer table = ByteBuffer.allocate(0);
    private int connections;
    private int status;
    private @Nullable UnixSocket channel;
    private byte @Nullable [] announcement;

    ReferencePort(Path path, Set<Flaw> flaws) {
        this.flaws = flaws;
        this.listener = UnixListener.listen(path, 4, SocketAccess.ofMode(0600));
        this.memory = new ReferenceMemory(flaws);
        this.migration = new ReferenceMigration(flaws);
    }

    private boolean has(Flaw flaw) {
        return flaws.contains(flaw);
    }

    ReferenceMemory memory() {
        return memory;
    }

    long features() {
        return features;
    }

    Iterable<ReferenceRing> rings() {
        return rings.values();
    }

    ReferenceRing ring(int index) {
        return rings.computeIfAbsent(index, i -> {
            ReferenceRing ring = new ReferenceRing(i, memory, flaws);
            ring.features = features;
            ring.inflight = () -> inflight;
            ring.callByMessage = () -> callByMessage(i);
            return ring;
        });
    }

    /** A frame that the back-end itself has to send to the others, once. */
    byte @Nullable [] takeAnnouncement() {
        byte[] frame = announcement;
        announcement = null;
        return frame;
    }

    // Connections and messages.

    /** Works on what the front-end sent; whether there was anything. */
    boolean step() {
        if (hangs) {
            return false;
        }
        ReferenceInput current = input;
        if (current == null) {
            return accept();
        }
        if (has(Flaw.TALKS_WHEN_SUSPENDED) && rings.values().stream().anyMatch(ring -> ring.stopCount > 0)) {
            request(BackendRequest.CONFIG_CHANGE_MSG, Payloads.nothing());
        }
        ReferenceInput.Incoming message = current.poll();
        if (message == null) {
            if (current.hasEnded()) {
                disconnect();
            }
            return current.hasEnded();
        }
        ReferenceInput.Incoming next = has(Flaw.ANSWERS_OUT_OF_ORDER) ? current.poll() : null;
        if (next != null) {
            handle(next);
        }
        handle(message);
        return true;
    }

    private boolean accept() {
        if (has(Flaw.FIVE_CONNECTIONS) && connections >= MOST_CONNECTIONS) {
            return false;
        }
        UnixSocket accepted = listener.accept();
        if (accepted == null) {
            return false;
        }
        connections++;
        socket = accepted;
        input = new ReferenceInput(accepted, flaws);
        features = 0;
        protocolFeatures = 0;
        featuresWereSet = false;
        memoryWasSet = false;
        ringsWereSet = false;
        resetForGood = false;
        wasReset = false;
        stalls = false;
        translation = null;
        memory.translates(null);
        return true;
    }

    private void disconnect() {
        ReferenceInput ended = input;
        boolean amidTraffic = rings.values().stream().anyMatch(ring -> ring.started);
        hangs = (has(Flaw.HANGS_AFTER_CRASH) && amidTraffic)
                || (has(Flaw.HANGS_IN_HALF_MESSAGE) && ended != null && ended.hasHalfMessage());
        if (socket != null) {
            socket.close();
        }
        socket = null;
        input = null;
        rings.values().forEach(ReferenceRing::close);
        rings.clear();
        closeInflight();
        memory.close();
        migration.close();
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }

    private void handle(ReferenceInput.Incoming message) {
        VhostUserRequest request = VhostUserRequest.of(message.request);
        boolean asked =
                (message.flags & MessageLayout.FLAG_NEED_REPLY) != 0 && ProtocolFeature.REPLY_ACK.in(protocolFeatures);
        if (request == null) {
            if (asked || has(Flaw.ANSWERS_THE_UNKNOWN)) {
                reply(message.request, Payloads.u64(has(Flaw.ACCEPTS_THE_UNKNOWN) ? 0 : REFUSED));
            }
            return;
        }
        byte[] answer = Payloads.nothing();
        boolean done = true;
        // Of IOTLB messages the protocol says in one place that they are always answered.
        boolean answers = request.reply() == ReplyRule.ALWAYS || request == VhostUserRequest.IOTLB_MSG;
        try {
            if (answers) {
                answer = answer(request, message);
            } else {
                done = perform(request, message);
            }
        } finally {
            message.fds.forEach(Fd::close);
        }
        if (answers) {
            boolean silent = request == VhostUserRequest.SET_LOG_BASE && has(Flaw.SILENT_LOG_BASE);
            boolean byItself =
                    request == VhostUserRequest.GET_INFLIGHT_FD || request == VhostUserRequest.POSTCOPY_ADVISE;
            if (!silent && !byItself) {
                reply(message.request, answer);
            }
            if (asked && has(Flaw.ANSWERS_TWICE)) {
                reply(message.request, Payloads.u64(0));
            }
        } else if ((asked && !has(Flaw.IGNORES_NEED_REPLY)) || has(Flaw.ANSWERS_UNASKED)) {
            boolean fine = done && !(has(Flaw.REFUSES_WHAT_IT_DOES) && request == VhostUserRequest.SET_VRING_ERR);
            reply(message.request, Payloads.u64(fine ? 0 : REFUSED));
        }
    }

    private void reply(int request, byte[] payload, int... fds) {
        int flags = MessageLayout.VERSION | (has(Flaw.NO_REPLY_FLAG) ? 0 : MessageLayout.FLAG_REPLY);
        send(socket, MessageRules.bytes(request, flags, payload), fds);
    }

    /** Sends a request of the back-end, if there is a channel for it. */
    private void request(BackendRequest request, byte[] payload) {
        send(channel, MessageRules.bytes(request.id(), MessageLayout.VERSION, payload));
    }

    private static void send(@Nullable UnixSocket current, byte[] bytes, int... fds) {
        if (current != null) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment copy = arena.allocate(bytes.length, 8);
                HostMemory.copyIn(MemorySegment.ofArray(bytes), copy.address());
                current.send(copy, 0, bytes.length, fds, fds.length);
            }
        }
    }

    // Questions.

    private byte[] answer(VhostUserRequest request, ReferenceInput.Incoming message) {
        return switch (request) {
            case GET_FEATURES -> Payloads.u64(offered());
            case GET_PROTOCOL_FEATURES -> Payloads.u64(offeredProtocol());
            case GET_QUEUE_NUM -> Payloads.u64(has(Flaw.NO_QUEUES) ? 0 : QUEUE_PAIRS);
            case GET_MAX_MEM_SLOTS -> Payloads.u64(SLOTS);
            case GET_STATUS -> Payloads.u64(has(Flaw.FORGETS_STATUS) ? 0 : status);
            case GET_VRING_BASE -> vringBase(message.payload.getInt(0));
            case SET_LOG_BASE -> setLog(message);
            case GET_CONFIG -> config(message.payload);
            case GET_INFLIGHT_FD -> inflight(message);
            case IOTLB_MSG -> Payloads.u64(translation().tell(message.payload) ? 0 : REFUSED);
            case SET_DEVICE_STATE_FD -> migration.begin(message.payload, message.fds.removeFirst());
            case CHECK_DEVICE_STATE -> migration.check();
            case POSTCOPY_ADVISE -> advise(message);
            case POSTCOPY_END -> Payloads.u64(has(Flaw.POSTCOPY_WITHOUT_END) ? REFUSED : 0);
            default -> Payloads.u64(REFUSED);
        };
    }

    private long offered() {
        long offered = VirtioFeature.VERSION_1
                | VirtioFeature.NET_MRG_RXBUF
                | VirtioFeature.NET_CSUM
                | VirtioFeature.NET_MTU
                | VirtioFeature.NET_MQ
                | VirtioFeature.INDIRECT_DESC
                | VirtioFeature.EVENT_IDX
                | VirtioFeature.IN_ORDER
                | VirtioFeature.RING_PACKED
                | VirtioFeature.LOG_ALL
                | VirtioFeature.ACCESS_PLATFORM
                | VirtioFeature.PROTOCOL_FEATURES;
        if (has(Flaw.TSO_WITHOUT_CSUM)) {
            offered = (offered & ~VirtioFeature.NET_CSUM) | VirtioFeature.NET_HOST_TSO4;
        }
        return has(Flaw.NO_VERSION_1) ? offered & ~VirtioFeature.VERSION_1 : offered;
    }

    private long offeredProtocol() {
        if (has(Flaw.PROTOCOL_FEATURES_AFTER_FEATURES) && !featuresWereSet) {
            disconnect();
        }
        long offered = ProtocolFeature.maskOf(
                ProtocolFeature.MQ,
                ProtocolFeature.LOG_SHMFD,
                ProtocolFeature.RARP,
                ProtocolFeature.REPLY_ACK,
                ProtocolFeature.NET_MTU,
                ProtocolFeature.BACKEND_REQ,
                ProtocolFeature.CONFIG,
                ProtocolFeature.INFLIGHT_SHMFD,
                ProtocolFeature.RESET_DEVICE,
                ProtocolFeature.INBAND_NOTIFICATIONS,
                ProtocolFeature.CONFIGURE_MEM_SLOTS,
                ProtocolFeature.STATUS,
                ProtocolFeature.CROSS_ENDIAN,
                ProtocolFeature.PAGEFAULT,
                ProtocolFeature.DEVICE_STATE);
        if (has(Flaw.INBAND_ALONE)) {
            offered &= ~ProtocolFeature.BACKEND_REQ.mask();
        }
        return has(Flaw.NO_MQ) ? offered & ~ProtocolFeature.MQ.mask() : offered;
    }

    private byte[] vringBase(int index) {
        ReferenceRing ring = ring(index);
        int base = ring.tellBase();
        if (has(Flaw.FORGETS_BASE) || (has(Flaw.NO_BASE_UNLESS_STARTED) && !ring.wasStarted)) {
            base = 0;
        }
        if (has(Flaw.BASE_AHEAD_OF_USED) && !ring.isTransmit()) {
            base += 4;
        }
        ring.stop();
        return Payloads.vringState(index, base);
    }

    private byte[] setLog(ReferenceInput.Incoming message) {
        memory.setLog(
                message.fds.getFirst(),
                message.payload.getLong(MessageLayout.LOG_SIZE),
                message.payload.getLong(MessageLayout.LOG_OFFSET));
        return Payloads.u64(0);
    }

    /** Answers by itself, since this one carries a descriptor. */
    private byte[] inflight(ReferenceInput.Incoming message) {
        byte[] area = message.payload.array().clone();
        ByteBuffer answer = ByteBuffer.wrap(area).order(ByteOrder.LITTLE_ENDIAN);
        answer.putLong(
                MessageLayout.INFLIGHT_MMAP_SIZE,
                ReferenceInflight.byteLength(answer.getShort(MessageLayout.INFLIGHT_QUEUES)));
        try (Fd file = ReferenceInflight.newFile(answer)) {
            int[] fds = has(Flaw.INFLIGHT_WITHOUT_FD) ? new int[0] : new int[] {file.number()};
            reply(message.request, area, fds);
        }
        return area;
    }

    private void closeInflight() {
        if (inflight != null) {
            inflight.close();
            inflight = null;
        }
    }

    // Orders.

    /** Whether it could be done. */
    private boolean perform(VhostUserRequest request, ReferenceInput.Incoming message) {
        ByteBuffer payload = message.payload;
        return switch (request) {
            case SET_FEATURES -> setFeatures(payload.getLong());
            case SET_PROTOCOL_FEATURES -> setProtocolFeatures(payload.getLong());
            case SET_CONFIG -> setConfig(payload);
            case SET_VRING_ENDIAN -> (payload.getInt(4) & ~1) == 0 || has(Flaw.ANY_BYTE_ORDER);
            case VRING_KICK -> {
                ReferenceRing ring = ring(payload.getInt(0));
                if (!ring.started && !has(Flaw.IGNORES_KICK_MESSAGES)) {
                    ring.start();
                }
                yield true;
            }
            case SET_INFLIGHT_FD -> {
                stalls = has(Flaw.INFLIGHT_STALLS) && connections > 1 && knowsArea;
                knowsArea = true;
                closeInflight();
                inflight = ReferenceInflight.of(flaws, payload, message.fds.getFirst());
                yield true;
            }
            case SET_MEM_TABLE -> setMemTable(payload, message.fds);
            case ADD_MEM_REG -> addRegion(payload, message.fds.getFirst());
            case REM_MEM_REG -> {
                memory.remove(payload.position(MessageLayout.SINGLE_REGION));
                if (has(Flaw.KEEPS_STRAY_DESCRIPTOR)) {
                    message.fds.clear();
                }
                yield true;
            }
            case SET_VRING_NUM, SET_VRING_BASE, SET_VRING_ENABLE ->
                ReferenceOrders.state(this, flaws, request, payload.getInt(), payload.getInt());
            case SET_VRING_ADDR -> setAddress(payload);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR ->
                ReferenceOrders.eventFd(ring((int) (payload.getLong(0) & 0xff)), flaws, request, takeEventFd(message));
            case NET_SET_MTU -> isAcceptableMtu(payload.getLong());
            case SEND_RARP -> announce(payload);
            case SET_STATUS -> {
                status = (int) payload.getLong();
                yield true;
            }
            case RESET_DEVICE -> reset();
            case RESET_OWNER -> {
                if (has(Flaw.RESET_OWNER_FORGETS)) {
                    rings.clear();
                }
                yield true;
            }
            case SET_BACKEND_REQ_FD -> keepChannel(message);
            case SET_LOG_FD -> {
                logsToEventFd = has(Flaw.LOGS_TO_EVENTFD_ONLY);
                yield true;
            }
            default -> true;
        };
    }

    private static @Nullable EventFd takeEventFd(ReferenceInput.Incoming message) {
        return message.fds.isEmpty() ? null : EventFd.adopt(message.fds.removeFirst());
    }

    private boolean setFeatures(long acknowledged) {
        if (has(Flaw.DIES_OF_UNKNOWN_FEATURES) && (acknowledged & ~offered()) != 0) {
            throw new IllegalStateException("a feature that was not offered");
        }
        features = acknowledged;
        featuresWereSet = true;
        memory.translates((acknowledged & VirtioFeature.ACCESS_PLATFORM) != 0 ? translation() : null);
        memory.logWrites((acknowledged & VirtioFeature.LOG_ALL) != 0 && !logsToEventFd);
        boolean enablesAll = (acknowledged & VirtioFeature.PROTOCOL_FEATURES) == 0;
        for (int index = 0; index < 2 * QUEUE_PAIRS; index++) {
            ReferenceRing ring = ring(index);
            ring.features = acknowledged;
            ring.enabled |= enablesAll && !has(Flaw.WAITS_FOR_ENABLE_ALWAYS);
            ring.enabled &= !has(Flaw.FEATURES_DISABLE);
        }
        return true;
    }

    private boolean isRunning() {
        return rings.values().stream().anyMatch(ring -> ring.started);
    }

    private boolean setMemTable(ByteBuffer payload, List<Fd> fds) {
        if ((has(Flaw.NO_TABLE_WHILE_RUNNING) && isRunning()) || (has(Flaw.KEEPS_FIRST_MEMORY) && memoryWasSet)) {
            return true;
        }
        if (has(Flaw.COMPARES_TABLES_BY_ADDRESS) && memoryWasSet && table.equals(payload)) {
            return true;
        }
        table = payload.duplicate();
        memoryWasSet = true;
        memory.clear();
        int count = payload.getInt();
        int kept = has(Flaw.SIX_REGIONS) ? Math.min(6, count) : count;
        for (int i = 0; i < kept; i++) {
            memory.add(payload.position(MessageLayout.TABLE_REGIONS + i * MessageLayout.REGION_BYTES), fds.get(i));
        }
        return true;
    }

    private boolean addRegion(ByteBuffer payload, Fd file) {
        boolean forgets = (has(Flaw.FORGETS_ADDED_REGION) && memory.count() > 0)
                || (has(Flaw.FEWER_SLOTS_THAN_TOLD) && memory.count() >= 16)
                || (has(Flaw.NO_REGION_WHILE_RUNNING) && isRunning());
        if (!forgets) {
            memory.add(payload.position(MessageLayout.SINGLE_REGION), file);
        }
        return true;
    }

    private boolean setAddress(ByteBuffer payload) {
        ReferenceRing ring = ring(payload.getInt(MessageLayout.ADDRESS_INDEX));
        if (has(Flaw.KEEPS_FIRST_RINGS) && ringsWereSet && ring.descriptors != 0) {
            return true;
        }
        ringsWereSet = true;
        ring.descriptors = payload.getLong(MessageLayout.ADDRESS_DESCRIPTOR);
        ring.used = payload.getLong(MessageLayout.ADDRESS_USED);
        ring.avail = payload.getLong(MessageLayout.ADDRESS_AVAILABLE);
        ring.logAddress = payload.getLong(MessageLayout.ADDRESS_LOG);
        ring.logsUsed = (payload.getInt(MessageLayout.ADDRESS_FLAGS) & MessageLayout.ADDRESS_FLAG_LOG) != 0;
        return true;
    }

    private boolean isAcceptableMtu(long mtu) {
        return (mtu >= 68 && mtu <= 65_535 && !has(Flaw.REFUSES_MTU)) || has(Flaw.ANY_MTU);
    }

    private boolean announce(ByteBuffer payload) {
        byte[] frame = new byte[60];
        for (int i = 0; i < 6; i++) {
            frame[i] = -1;
            frame[6 + i] = payload.get(has(Flaw.WRONG_RARP) ? 5 - i : i);
        }
        frame[12] = (byte) 0x80;
        frame[13] = 0x35;
        announcement = frame;
        return true;
    }

    private boolean reset() {
        if (has(Flaw.RESET_IGNORED)) {
            return true;
        }
        resetForGood = has(Flaw.RESET_FOR_GOOD);
        wasReset = true;
        status = 0;
        rings.values().forEach(ReferenceRing::close);
        rings.clear();
        return true;
    }

    private boolean keepChannel(ReferenceInput.Incoming message) {
        if (channel != null) {
            channel.close();
        }
        channel = UnixSocket.adopt(message.fds.removeFirst());
        if (has(Flaw.CLOSES_CHANNEL)) {
            channel.close();
        }
        return true;
    }

    // Rare messages.

    private boolean setProtocolFeatures(long acknowledged) {
        protocolFeatures = acknowledged;
        long needed = ProtocolFeature.maskOf(ProtocolFeature.BACKEND_REQ, ProtocolFeature.REPLY_ACK);
        boolean inBand = ProtocolFeature.INBAND_NOTIFICATIONS.in(acknowledged);
        if (inBand && (acknowledged & needed) != needed && !has(Flaw.INBAND_WITHOUT_OTHERS)) {
            disconnect();
        }
        return true;
    }

    private void callByMessage(int index) {
        if (ProtocolFeature.INBAND_NOTIFICATIONS.in(protocolFeatures) && !has(Flaw.NO_CALL_MESSAGES)) {
            request(BackendRequest.VRING_CALL, Payloads.vringState(index, 0));
        }
    }

    private ReferenceTranslation translation() {
        ReferenceTranslation current = translation;
        if (current == null) {
            current = new ReferenceTranslation(flaws, this::askFor, this::step);
            translation = current;
        }
        return current;
    }

    private void askFor(long iova) {
        byte[] payload = new byte[32];
        ByteBuffer.wrap(payload)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MessageLayout.IOTLB_IOVA, iova)
                .put(MessageLayout.IOTLB_PERMISSION, (byte) 3)
                .put(MessageLayout.IOTLB_TYPE, (byte) 1);
        request(BackendRequest.IOTLB_MSG, payload);
    }

    private byte[] config(ByteBuffer question) {
        byte[] answer = new byte[question.remaining()];
        question.duplicate().get(answer);
        int offset = question.getInt(MessageLayout.CONFIG_OFFSET);
        int byteLength = question.getInt(MessageLayout.CONFIG_SIZE);
        System.arraycopy(config, offset, answer, MessageLayout.CONFIG_BYTES, byteLength);
        return has(Flaw.SHORT_CONFIG) ? new byte[5] : answer;
    }

    /** All of it is for the driver to read only. */
    private boolean setConfig(ByteBuffer payload) {
        if (has(Flaw.WRITES_READ_ONLY_CONFIG)) {
            int offset = payload.getInt(MessageLayout.CONFIG_OFFSET);
            int byteLength = payload.getInt(MessageLayout.CONFIG_SIZE);
            payload.position(MessageLayout.CONFIG_BYTES).get(config, offset, byteLength);
        }
        return false;
    }

    /** Answers by itself; any descriptor will do where no page is ever missing. */
    private byte[] advise(ReferenceInput.Incoming message) {
        try (Fd file = Memfd.create("userfault", 4096, true)) {
            int[] fds = has(Flaw.ADVISED_WITHOUT_FD) ? new int[0] : new int[] {file.number()};
            reply(message.request, Payloads.nothing(), fds);
        }
        return Payloads.nothing();
    }

    boolean isDead() {
        return (resetForGood && wasReset) || stalls;
    }

    boolean isFirstConnection() {
        return connections == 1;
    }

    int connections() {
        return connections;
    }

    @Override
    public void close() {
        disconnect();
        listener.close();
    }
}
