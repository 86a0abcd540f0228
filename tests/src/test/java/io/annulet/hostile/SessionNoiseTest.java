package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is said at a port's socket that no front-end would say harms nobody, and leaves nothing behind. */
@Timeout(120)
final class SessionNoiseTest {

    private static final long SEED = 20_260_101;
    private static final int MOST_FDS_A_MESSAGE = 253;
    private static final long SHORT_NANOS = Duration.ofMillis(300).toNanos();

    private static Yard yard;

    @BeforeAll
    static void open(@TempDir Path folder) {
        yard = Yard.open(folder);
    }

    @AfterEach
    void nobodyElseNoticed() {
        yard.assertUnharmed();
    }

    @AfterAll
    static void close() {
        yard.close();
    }

    /** Says something at the socket; that the back-end hangs up before all is said is one of the right answers. */
    private void at(Consumer<VhostUserFrontEnd> noise) {
        try (VhostUserFrontEnd frontEnd = yard.connect()) {
            frontEnd.replyTimeoutNanos(SHORT_NANOS);
            noise.accept(frontEnd);
        } catch (FrontEndException refused) {
            assertTrue(refused.reason() != FrontEndException.Reason.NOT_CONNECTED, refused::getMessage);
        }
    }

    private static byte[] message(int request, int flags, int size, int payloadBytes) {
        return ByteBuffer.allocate(MessageLayout.HEADER_BYTES + payloadBytes)
                .order(ByteOrder.nativeOrder())
                .putInt(request)
                .putInt(flags)
                .putInt(size)
                .array();
    }

    @Test
    void randomBytes() {
        RandomGenerator random = new Random(SEED);
        for (int i = 0; i < 500; i++) {
            byte[] bytes = new byte[1 + random.nextInt(4096)];
            random.nextBytes(bytes);
            at(frontEnd -> frontEnd.sendBytes(bytes));
        }
    }

    @Test
    void messagesCutAtEveryByte() {
        byte[] whole = message(VhostUserRequest.SET_FEATURES.id(), MessageLayout.VERSION, 8, 8);
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            at(frontEnd -> frontEnd.sendBytes(part));
        }
    }

    @Test
    void everyMessageInWrongSizesAndUnknownOnes() {
        List<Integer> requests = new ArrayList<>(List.of(0, 45, 255, 0x10001, -1));
        for (VhostUserRequest request : VhostUserRequest.values()) {
            requests.add(request.id());
        }
        for (int request : requests) {
            for (int size : new int[] {0, 1, 7, 9, 4096, 4097, Integer.MAX_VALUE, -1}) {
                int payload = size < 0 || size > 4096 ? 64 : size;
                at(frontEnd -> frontEnd.sendBytes(message(request, MessageLayout.VERSION, size, payload)));
            }
        }
    }

    @Test
    void everyMessageWithDescriptorsThatDoNotBelongToIt() {
        try (Fd memory = Memfd.create("noise", 4096, true);
                EventFd event = EventFd.create(true, 0)) {
            for (int count : new int[] {8, 9, MOST_FDS_A_MESSAGE}) {
                Fd[] fds = new Fd[count];
                for (int i = 0; i < count; i++) {
                    fds[i] = i % 2 == 0 ? memory : event.fd();
                }
                for (VhostUserRequest request : VhostUserRequest.values()) {
                    at(frontEnd -> frontEnd.sendBytes(message(request.id(), MessageLayout.VERSION, 8, 8), fds));
                    at(frontEnd -> {
                        frontEnd.sendBytes(new byte[] {(byte) request.id()});
                        frontEnd.sendBytes(new byte[] {0, 0, 0}, fds);
                    });
                }
            }
        }
    }

    @Test
    void twoHundredThatConnectAndSayNothing() {
        List<VhostUserFrontEnd> silent = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            silent.add(yard.connect());
        }
        // One of them has the port; all others are told that it is taken.
        long closed = silent.stream()
                .filter(frontEnd -> frontEnd.awaitClosed(SHORT_NANOS))
                .count();
        assertTrue(closed >= 199, closed + " of 200 were told");
        silent.forEach(VhostUserFrontEnd::close);
    }

    @Test
    void oneThatWritesByteByByteIsServed() {
        try (VhostUserFrontEnd slow = yard.connect()) {
            for (byte single : message(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, 0, 0)) {
                slow.sendBytes(new byte[] {single});
                yard.awaitCanary();
            }
            try (Message reply = slow.receive(VhostUserFrontEnd.DEFAULT_TIMEOUT_NANOS)) {
                assertTrue(reply != null && reply.request() == VhostUserRequest.GET_FEATURES.id());
            }
        }
    }

    @Test
    void oneThatNeverReadsItsReplies() {
        for (int i = 0; i < 3; i++) {
            at(frontEnd -> {
                byte[] question = message(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, 0, 0);
                // Until neither side's buffer takes any more.
                for (int asked = 0; asked < 1_000_000; asked++) {
                    frontEnd.sendBytes(question);
                }
            });
        }
    }

    @Test
    void messagesWithRandomContents() {
        RandomGenerator random = new Random(SEED + 1);
        for (int i = 0; i < 500; i++) {
            at(frontEnd -> {
                frontEnd.setFeatures(frontEnd.getFeatures());
                frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures());
                frontEnd.asksForAcks(false);
                for (int sent = 0; sent < 50 && isAnswered(frontEnd, random); sent++) {}
            });
        }
    }

    /** Sends one message; false if the back-end hung up over it or has nothing to say to it. */
    private static boolean isAnswered(VhostUserFrontEnd frontEnd, RandomGenerator random) {
        VhostUserRequest[] all = VhostUserRequest.values();
        VhostUserRequest request = all[random.nextInt(all.length)];
        byte[] payload = new byte[request.payload().minBytes()];
        random.nextBytes(payload);
        // Small indexes and small numbers reach further than large ones.
        for (int i = 0; i < payload.length; i++) {
            payload[i] = i % 4 == 0 || random.nextInt(4) == 0 ? (byte) (payload[i] & 3) : 0;
        }
        frontEnd.send(request.id(), MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY, payload);
        try (Message reply = frontEnd.receive(SHORT_NANOS)) {
            return reply != null;
        }
    }
}
