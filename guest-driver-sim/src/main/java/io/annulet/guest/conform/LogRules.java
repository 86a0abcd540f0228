package io.annulet.guest.conform;

import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamOptions;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Rules on the log of written pages that live migration needs. */
final class LogRules {

    private static final String SECTION = "Migration";
    private static final long SOME_OFFSET = 4096;
    private static final int FRAMES = 16;

    private LogRules() {}

    static List<Rule> all() {
        return List.of(
                rule("VU-LOG-01", "SET_LOG_BASE is answered", LogRules::answered),
                rule("VU-LOG-02", "the pages of used receive buffers are logged", trial -> buffersLogged(trial, 0))
                        .withTraffic(),
                rule(
                                "VU-LOG-03",
                                "with VHOST_VRING_F_LOG the used ring is logged at its log address, inside memory or not",
                                LogRules::usedRingLogged)
                        .withTraffic(),
                rule("VU-LOG-04", "without VHOST_F_LOG_ALL nothing is logged", LogRules::notLogged)
                        .withTraffic(),
                rule(
                                "VU-LOG-05",
                                "the log begins at the offset in its file that SET_LOG_BASE tells",
                                trial -> buffersLogged(trial, SOME_OFFSET))
                        .withTraffic(),
                rule("VU-LOG-06", "SET_LOG_FD takes nothing away: pages are logged all the same", LogRules::logFd)
                        .withTraffic());
    }

    private static Rule rule(String id, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, SECTION, expectation, check);
    }

    /** The log as the back-end gets it: it begins at an offset in its file, which QEMU has at 0. */
    private record Log(Fd file, Mapping mapping, long offset) implements AutoCloseable {

        static Log create(long byteLength, long offset) {
            Fd file = Memfd.create("dirty-log", offset + byteLength, true);
            return new Log(file, Mapping.map(file, 0, offset + byteLength, Mapping.Protection.READ_WRITE), offset);
        }

        boolean has(long guestAddress) {
            long page = guestAddress / Setup.PAGE_BYTES;
            return (HostMemory.loadByte(mapping.address() + offset + page / 8) >> page % 8 & 1) != 0;
        }

        boolean isEmpty() {
            byte[] bytes = HostMemory.copyOut(mapping.address(), (int) mapping.byteLength());
            for (byte part : bytes) {
                if (part != 0) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public void close() {
            mapping.close();
            file.close();
        }
    }

    private static ProbeGuest loggingGuest(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.with(ProtocolFeature.LOG_SHMFD));
        guest.needs(ProtocolFeature.LOG_SHMFD);
        if ((guest.offered() & VirtioFeature.LOG_ALL) == 0) {
            throw Stop.notOffered("VHOST_F_LOG_ALL");
        }
        return guest;
    }

    /** Twice the guest's addresses, so that a log address may lie behind them. */
    private static long logByteLength() {
        return 2 * (RamOptions.GUEST_BASE + Setup.USUAL_RAM_BYTES) / Setup.PAGE_BYTES / 8;
    }

    private static long outsideOfMemory() {
        return RamOptions.GUEST_BASE + 2 * Setup.USUAL_RAM_BYTES;
    }

    private static Log handOver(Trial trial, ProbeGuest guest) {
        return handOver(trial, guest, 0);
    }

    private static Log handOver(Trial trial, ProbeGuest guest, long offset) {
        Log log = trial.own(Log.create(logByteLength(), offset));
        byte[] payload = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MessageLayout.LOG_SIZE, logByteLength())
                .putLong(MessageLayout.LOG_OFFSET, offset)
                .array();
        try (Message reply = guest.frontEnd().ask(VhostUserRequest.SET_LOG_BASE, payload, log.file())) {
            Stop.unless(
                    reply.payload().remaining() == Long.BYTES || reply.payload().remaining() == 0,
                    "an answer of 8 bytes or none",
                    reply.toString());
        }
        return log;
    }

    private static void answered(Trial trial) {
        ProbeGuest guest = loggingGuest(trial);
        guest.setFeatures();
        guest.shareMemory();
        handOver(trial, guest);
        guest.settle();
    }

    private static Pair flowing(Trial trial) {
        return trial.flowing(loggingGuest(trial), trial.guest(1, Setup.USUAL));
    }

    private static void startLogging(ProbeGuest guest) {
        guest.frontEnd().setFeatures(guest.features() | VirtioFeature.LOG_ALL);
        guest.settle();
    }

    private static void buffersLogged(Trial trial, long offset) {
        Pair pair = flowing(trial);
        Log log = handOver(trial, pair.tested(), offset);
        startLogging(pair.tested());
        seeBuffersLogged(trial, pair, log);
    }

    /** The eventfd is for back-ends that want to tell of changes in the log; none has to. */
    private static void logFd(Trial trial) {
        Pair pair = flowing(trial);
        Log log = handOver(trial, pair.tested());
        EventFd changes = trial.own(EventFd.create(true, 0));
        pair.tested().frontEnd().tell(VhostUserRequest.SET_LOG_FD, Payloads.nothing(), changes.fd());
        startLogging(pair.tested());
        seeBuffersLogged(trial, pair, log);
    }

    private static void seeBuffersLogged(Trial trial, Pair pair, Log log) {
        ProbeGuest tested = pair.tested();
        for (int i = 0; i < FRAMES; i++) {
            Received received = pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
            long first = tested.ram()
                    .guestAddressOf(received.buffers()
                            .getFirst()
                            .chain()
                            .pieces()
                            .getFirst()
                            .hostAddress());
            long last = first + received.headerByteLength() + TestFrames.MAX_BYTE_LENGTH - 1;
            trial.await(
                    "the pages of the buffer at guest address 0x" + Long.toHexString(first),
                    () -> log.has(first) && log.has(last));
        }
    }

    private static void usedRingLogged(Trial trial) {
        Pair pair = flowing(trial);
        ProbeGuest tested = pair.tested();
        Log log = handOver(trial, tested);
        startLogging(tested);
        ProbeQueue queue = tested.receive();
        tested.frontEnd()
                .tell(
                        VhostUserRequest.SET_VRING_ADDR,
                        Payloads.vringAddress(
                                queue.index(),
                                MessageLayout.ADDRESS_FLAG_LOG,
                                queue.descriptorAddress(),
                                queue.deviceAreaAddress(),
                                queue.driverAreaAddress(),
                                outsideOfMemory()));
        tested.settle();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        trial.await(
                "the page of log address 0x" + Long.toHexString(outsideOfMemory()), () -> log.has(outsideOfMemory()));
    }

    private static void notLogged(Trial trial) {
        Pair pair = flowing(trial);
        Log log = handOver(trial, pair.tested());
        for (int i = 0; i < FRAMES; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        }
        Stop.unless(log.isEmpty(), "an empty log", "pages in the log");
    }
}
