package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.hostile.ProtocolMessage.Delivery;
import io.annulet.hostile.ProtocolModel.Outcome;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sessions that a generator makes up, each message judged by {@link ProtocolModel}: the answer is the one it expects, or
 * the session ends where it expects it; and nothing is left behind. More by option: {@code -Dannulet.protocol.cases=1000000
 * -Dannulet.protocol.seed=1}.
 */
@ExtendWith(Hostile.class)
@Timeout(900)
final class ProtocolModelTest {

    private static final long CASES = Long.getLong("annulet.protocol.cases", 6000);
    private static final long SEED = Long.getLong("annulet.protocol.seed", 20_261_127);
    private static final int MOST_MESSAGES = 60;
    private static final byte[] PROBE = Messages.of(VhostUserRequest.GET_FEATURES, Messages.PLAIN, Payloads.nothing());

    /** One session: what was said, for the story of a failure. */
    private static final class Story implements AutoCloseable {
        final long seed;
        final VhostUserFrontEnd frontEnd;
        final Fd memory = Memfd.create("guest-ram", ProtocolMessages.FILE_BYTES, true);
        final EventFd event = EventFd.create(true, 0);
        final UnixSocket.Pair sockets = UnixSocket.pair();
        final List<ProtocolMessage> said = new ArrayList<>();

        Story(long seed, VhostUserFrontEnd frontEnd) {
            this.seed = seed;
            this.frontEnd = frontEnd;
        }

        Fd[] fds(ProtocolMessage message) {
            return message.fds.stream()
                    .map(kind -> switch (kind) {
                        case MEMORY -> memory;
                        case EVENT -> event.fd();
                        case SOCKET -> sockets.first().fd();
                    })
                    .toArray(Fd[]::new);
        }

        /** Says it, and the probe too if they are glued; true if the probe was said. */
        boolean say(ProtocolMessage message) {
            said.add(message);
            byte[] bytes = message.bytes();
            Fd[] fds = fds(message);
            try {
                switch (message.delivery) {
                    case WHOLE -> frontEnd.sendBytes(bytes, fds);
                    case GLUED -> frontEnd.sendBytes(Messages.concat(bytes, PROBE), fds);
                    case CUT -> {
                        frontEnd.sendBytes(Arrays.copyOf(bytes, message.cut), fds);
                        frontEnd.sendBytes(Arrays.copyOfRange(bytes, message.cut, bytes.length));
                    }
                    case CUT_WITH_LATE_FDS -> {
                        frontEnd.sendBytes(Arrays.copyOf(bytes, message.cut));
                        frontEnd.sendBytes(Arrays.copyOfRange(bytes, message.cut, bytes.length), fds);
                    }
                    case BYTE_BY_BYTE -> {
                        frontEnd.sendBytes(Arrays.copyOf(bytes, 1), fds);
                        for (int i = 1; i < bytes.length; i++) {
                            frontEnd.sendBytes(new byte[] {bytes[i]});
                        }
                    }
                }
            } catch (FrontEndException gone) {
                // It may hang up before all is said.
                assertEquals(FrontEndException.Reason.CLOSED, gone.reason(), this::toString);
            }
            return message.delivery == Delivery.GLUED;
        }

        @Override
        public void close() {
            frontEnd.close();
            memory.close();
            event.close();
            sockets.close();
        }

        @Override
        public String toString() {
            StringBuilder story = new StringBuilder("seed " + seed + ":");
            said.forEach(message -> story.append("\n  ").append(message));
            return story.toString();
        }
    }

    @Test
    void everyAnswerIsTheModelsAnswer(Trial trial, TestReporter reporter) {
        reporter.publishEntry("seed", Long.toString(SEED));
        long offered;
        long offeredProtocol;
        try (VhostUserFrontEnd frontEnd = trial.yard().connect()) {
            offered = frontEnd.getFeatures();
            offeredProtocol = frontEnd.getProtocolFeatures();
        }
        long cases = 0;
        long sessions = 0;
        while (cases < CASES) {
            long seed = SEED + sessions++;
            RandomGenerator random = new Random(seed);
            try (Story story = new Story(seed, trial.yard().connect())) {
                ProtocolModel model = new ProtocolModel(offered, offeredProtocol, ProtocolMessages.FILE_BYTES);
                ProtocolMessages messages = new ProtocolMessages(random, offered, offeredProtocol);
                boolean goesOn = true;
                for (int i = random.nextInt(MOST_MESSAGES); i >= 0 && goesOn; i--) {
                    goesOn = isAnswered(story, model, messages.next(), offered);
                    cases++;
                }
                if (goesOn) {
                    leave(story, messages, random);
                }
            }
        }
        reporter.publishEntry("cases", Long.toString(cases));
        reporter.publishEntry("sessions", Long.toString(sessions));
        assertTrue(
                trial.yard().backend().counter(Yard.VILLAIN, Talk.REFUSED) > cases / 20, "hardly anything was refused");
        trial.allow("front-end\\.(messages-refused|cut-off)|rings\\.broken|in\\.dropped\\..*|out\\.dropped\\..*");
    }

    /** Each message is the first of a session, and then the second one too. */
    @ParameterizedTest
    @EnumSource
    void A13_everyMessageFirstAndAgain(VhostUserRequest request, Trial trial) {
        long offered;
        long offeredProtocol;
        try (VhostUserFrontEnd frontEnd = trial.yard().connect()) {
            offered = frontEnd.getFeatures();
            offeredProtocol = frontEnd.getProtocolFeatures();
        }
        for (int flags : new int[] {Messages.PLAIN, Messages.ASKING}) {
            ProtocolMessage message = new ProtocolMessage(
                    request.id(), flags, Messages.emptyPayload(request), List.of(), Delivery.WHOLE, 0);
            try (Story story = new Story(request.id(), trial.yard().connect())) {
                ProtocolModel model = new ProtocolModel(offered, offeredProtocol, ProtocolMessages.FILE_BYTES);
                boolean goesOn = isAnswered(story, model, message, offered);
                assertTrue(!goesOn || isAnswered(story, model, message, offered) || request.gate() == null);
            }
        }
        trial.allow(Talk.REFUSED);
    }

    /** Says one message, and compares; false if the session is over, as it should be. */
    private static boolean isAnswered(Story story, ProtocolModel model, ProtocolMessage message, long offered) {
        boolean probed = story.say(message);
        Outcome outcome = model.after(message);
        switch (outcome) {
            case CLOSED -> {
                assertTrue(story.frontEnd.awaitClosed(Trial.LIMIT.toNanos()), () -> "not closed; " + story);
                return false;
            }
            case ANYTHING -> {
                return false;
            }
            case NOTHING -> {}
            default -> compare(story, model, message, outcome);
        }
        // Whoever answers this has said all that it had to say before.
        if (!probed) {
            story.frontEnd.sendBytes(PROBE);
        }
        try (Message probe = story.frontEnd.receive(Trial.LIMIT.toNanos())) {
            assertNotNull(probe, () -> "expected " + outcome + ", and it hung up; " + story);
            assertEquals(VhostUserRequest.GET_FEATURES.id(), probe.request(), () -> "one reply too many; " + story);
            assertEquals(offered, probe.payload().getLong(), story::toString);
        }
        return true;
    }

    private static void compare(Story story, ProtocolModel model, ProtocolMessage message, Outcome outcome) {
        try (Message reply = story.frontEnd.receive(Trial.LIMIT.toNanos())) {
            assertNotNull(reply, () -> "expected " + outcome + ", and nothing came; " + story);
            assertEquals(message.id, reply.request(), story::toString);
            assertEquals(MessageLayout.VERSION | MessageLayout.FLAG_REPLY, reply.flags(), story::toString);
            assertEquals(8, reply.payload().remaining(), story::toString);
            long value = reply.payload().getLong();
            switch (outcome) {
                case VALUE -> assertEquals(model.value(), value, story::toString);
                case INDEX -> assertEquals((int) model.value(), (int) value, story::toString);
                default -> assertTrue(value != 0, () -> "accepted; " + story);
            }
        }
    }

    /** A session ends as one likes: between messages, in the middle of one, or with replies that nobody reads. */
    private static void leave(Story story, ProtocolMessages messages, RandomGenerator random) {
        int how = random.nextInt(4);
        if (how == 1) {
            byte[] bytes = messages.next().bytes();
            story.frontEnd.sendBytes(Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length)));
        } else if (how == 2) {
            for (int i = 0; i < 20; i++) {
                story.frontEnd.sendBytes(PROBE);
            }
        } else if (how == 3) {
            for (int i = 0; i < 10; i++) {
                story.say(messages.next());
            }
        }
        assertTrue(FileDescriptors.isNonBlocking(story.event.fd()));
    }
}
