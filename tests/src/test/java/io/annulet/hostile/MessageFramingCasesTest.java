package io.annulet.hostile;

import static io.annulet.vhostuser.VhostUserRequest.GET_FEATURES;
import static io.annulet.vhostuser.VhostUserRequest.GET_PROTOCOL_FEATURES;
import static io.annulet.vhostuser.VhostUserRequest.GET_VRING_BASE;
import static io.annulet.vhostuser.VhostUserRequest.SET_FEATURES;
import static io.annulet.vhostuser.VhostUserRequest.SET_MEM_TABLE;
import static io.annulet.vhostuser.VhostUserRequest.SET_OWNER;
import static io.annulet.vhostuser.VhostUserRequest.SET_PROTOCOL_FEATURES;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_KICK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class A of the catalogue, first half: bytes and descriptors that are no messages, and what is answered. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class MessageFramingCasesTest {

    private static final int MOST_FDS = 253;

    @Test
    void A01_aHeaderInSingleBytesIsUnderstood(Trial trial) {
        Talk talk = Talk.fresh(trial);
        long features = talk.frontEnd().getFeatures();
        for (byte single : Messages.of(GET_FEATURES, Messages.PLAIN, Payloads.nothing())) {
            talk.say(new byte[] {single});
            trial.yard().awaitCanary();
        }
        talk.isTold(GET_FEATURES, features);
    }

    @Test
    void A01_aMessageCutAtAnyByteIsUnderstood(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        long features = talk.frontEnd().getFeatures();
        byte[] whole = Messages.of(SET_FEATURES, Messages.ASKING, Payloads.u64(features));
        for (int cut = 1; cut < whole.length; cut++) {
            talk.say(Arrays.copyOf(whole, cut));
            talk.say(Arrays.copyOfRange(whole, cut, whole.length));
            talk.isTold(SET_FEATURES, 0);
        }
    }

    @Test
    void A01_twoMessagesInOneWriteAreTwo(Trial trial) {
        Talk talk = Talk.fresh(trial);
        long features = talk.frontEnd().getFeatures();
        long protocol = talk.frontEnd().getProtocolFeatures();
        talk.say(Messages.concat(
                Messages.of(GET_FEATURES, Messages.PLAIN, Payloads.nothing()),
                Messages.of(GET_PROTOCOL_FEATURES, Messages.PLAIN, Payloads.nothing())));
        talk.isTold(GET_FEATURES, features);
        talk.isTold(GET_PROTOCOL_FEATURES, protocol);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 45, 200, 0x10001, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void A02_anUnknownRequestIsRefusedWithItsPayloadDrained(int id, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        talk.say(Messages.of(id, Messages.ASKING, 64, new byte[64]));
        try (Message reply = talk.frontEnd().receive(Trial.LIMIT.toNanos())) {
            assertTrue(reply != null && reply.request() == id && reply.payload().getLong() != 0);
        }
        trial.expect(Talk.REFUSED, 1);
        talk.stillAnswers();
        talk.endsSession(Messages.of(id, Messages.PLAIN, 64, new byte[64]));
    }

    @ParameterizedTest
    @EnumSource
    void A02_aMessageWhoseFeatureWasNotNegotiatedEndsTheSession(VhostUserRequest request, Trial trial) {
        if (request.gate() != null) {
            Talk.fresh(trial).endsSession(Messages.of(request, Messages.ASKING, Messages.emptyPayload(request)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3})
    void A03_anotherVersionEndsTheSession(int version, Trial trial) {
        Talk.negotiated(trial).endsSession(Messages.of(GET_FEATURES, version, Payloads.nothing()));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 16, 1 << 30, 1 << 31, 0xfffffff0})
    void A03_reservedFlagsAndAReplyThatIsARequestAreRefused(int flags, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        talk.say(Messages.of(SET_OWNER, Messages.ASKING | flags, Payloads.nothing()));
        talk.isTold(SET_OWNER, 1);
        trial.expect(Talk.REFUSED, 1);
        talk.endsSession(Messages.of(GET_FEATURES, Messages.PLAIN | flags, Payloads.nothing()));
    }

    @ParameterizedTest
    @EnumSource
    void A04_aPayloadOfTheWrongSizeIsRefused(VhostUserRequest request, Trial trial) {
        Set<Integer> sizes = new TreeSet<>(
                List.of(0, request.payload().minBytes() - 1, request.payload().maxBytes() + 1));
        sizes.removeIf(size -> size < 0 || size > 4096 || request.payload().accepts(size));
        for (int size : sizes) {
            byte[] message = Messages.of(request, Messages.ASKING, new byte[size]);
            Talk talk = Talk.negotiated(trial);
            if (request.reply() == ReplyRule.IF_ASKED) {
                talk.say(message);
                talk.isTold(request, 1);
                trial.expect(Talk.REFUSED, 1);
                talk.stillAnswers();
            } else {
                talk.endsSession(message);
            }
            talk.frontEnd().close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4097, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void A04_aSizeThatNoMessageHasEndsTheSessionAtOnce(int size, Trial trial) {
        Talk.negotiated(trial).endsSession(Messages.of(SET_FEATURES.id(), Messages.ASKING, size, new byte[8]));
    }

    @Test
    void A04_aMessageThatBreaksOffAtAnyByteLeavesNothing(Trial trial) {
        byte[] whole = Messages.of(SET_FEATURES, Messages.PLAIN, Payloads.u64(0));
        for (int length = 1; length < whole.length; length++) {
            Talk talk = Talk.fresh(trial);
            talk.say(Arrays.copyOf(whole, length));
            talk.frontEnd().close();
        }
        trial.expect("front-end.cut-off", whole.length - 1);
    }

    @Test
    void A05_aTableWhoseCountAndPayloadDisagreeIsRefused(Trial trial) {
        byte[] region = Messages.region(0, 4096, 0, 0);
        Talk talk = Talk.negotiated(trial);
        try (Fd file = Memfd.create("guest-ram", 4096, true)) {
            talk.isRefused(
                    SET_MEM_TABLE,
                    Messages.table(1, region, region, region, region, region, region, region, region),
                    file);
            talk.isRefused(SET_MEM_TABLE, Messages.table(8, region), file);
            talk.isRefused(SET_MEM_TABLE, Messages.table(2, region), file, file);
            talk.isRefused(SET_MEM_TABLE, Messages.table(1, region), file, file);
        }
    }

    /** Of each message: none, one, one too few, one too many, and as many as the kernel lets through. */
    @ParameterizedTest
    @EnumSource
    void A06_descriptorsThatDoNotBelongToAMessageAreClosedAndItIsRefused(VhostUserRequest request, Trial trial) {
        try (Fd file = Memfd.create("guest-ram", 4096, true)) {
            Set<Integer> counts = new TreeSet<>(
                    List.of(0, 1, request.minFds() - 1, request.maxFds() + 1, MessageLayout.MAX_FDS, MOST_FDS));
            counts.removeIf(count -> count < 0 || request.acceptsFds(count));
            for (int count : counts) {
                Fd[] fds = new Fd[count];
                Arrays.fill(fds, file);
                Talk talk = Talk.negotiated(trial);
                talk.endsSession(Messages.of(request, Messages.PLAIN, Messages.emptyPayload(request)), fds);
                talk.frontEnd().close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 16, 17, 64, MOST_FDS})
    void A07_moreDescriptorsThanAreReadAreClosedAndTheMessageIsRefused(int count, Trial trial) {
        try (Fd file = Memfd.create("guest-ram", 4096, true)) {
            Fd[] fds = new Fd[count];
            Arrays.fill(fds, file);
            byte[] region = Messages.region(0, 4096, 0, 0);
            Talk.negotiated(trial).isRefused(SET_MEM_TABLE, Messages.table(1, region), fds);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 11, 12, 13, 19})
    void A08_descriptorsWithALaterByteAreRefusedAndNeverTheNextMessages(int at, Trial trial) {
        byte[] whole = Messages.of(SET_VRING_KICK, Messages.ASKING, Payloads.u64(0));
        Talk talk = Talk.negotiated(trial);
        try (EventFd event = EventFd.create(true, 0)) {
            talk.say(Arrays.copyOf(whole, at));
            talk.say(Arrays.copyOfRange(whole, at, whole.length), event.fd());
            talk.isTold(SET_VRING_KICK, 1);
            trial.expect(Talk.REFUSED, 1);
            // The next message has none, and says so.
            talk.isRefused(SET_VRING_KICK, Payloads.u64(0));
        }
    }

    @Test
    void A15_repliesAreExactlyWhatTheyShouldBe(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        long features = talk.frontEnd().getFeatures();
        talk.say(Messages.of(GET_FEATURES, Messages.PLAIN, Payloads.nothing()));
        talk.isTold(GET_FEATURES, features);
        talk.say(Messages.of(GET_VRING_BASE, Messages.PLAIN, Payloads.vringState(3, -1)));
        talk.isTold(GET_VRING_BASE, Payloads.vringState(3, 0));
        talk.say(Messages.of(SET_OWNER, Messages.ASKING, Payloads.nothing()));
        talk.isTold(SET_OWNER, 0);
        talk.say(Messages.of(SET_VRING_KICK, Messages.ASKING, Payloads.u64(-1)));
        talk.isTold(SET_VRING_KICK, 1);
        trial.expect(Talk.REFUSED, 1);
    }

    @ParameterizedTest
    @EnumSource
    void A16_aMessageThatAsksGetsOneReplyAndOneThatDoesNotGetsNone(VhostUserRequest request, Trial trial) {
        trial.allow(Talk.REFUSED);
        Talk talk = Talk.negotiated(trial);
        // Without this feature there would be no reply any more.
        byte[] payload = request == SET_PROTOCOL_FEATURES
                ? Payloads.u64(ProtocolFeature.REPLY_ACK.mask())
                : Messages.emptyPayload(request);
        talk.say(Messages.of(request, Messages.ASKING, payload));
        try (Message reply = talk.frontEnd().receive(Trial.LIMIT.toNanos())) {
            if (reply == null) {
                assertEquals(ReplyRule.ALWAYS, request.reply(), "no reply");
                return;
            }
            assertEquals(request.id(), reply.request());
        }
        // Had there been a second one, it would be taken for this one's.
        talk.stillAnswers();
        if (request.reply() == ReplyRule.IF_ASKED) {
            talk.say(Messages.of(request, Messages.PLAIN, payload));
            try {
                talk.stillAnswers();
            } catch (FrontEndException refused) {
                assertTrue(refused.reason() == FrontEndException.Reason.CLOSED, refused::getMessage);
            }
        }
    }

    @Test
    @Tag("slow")
    void A17_aFrontEndThatNeverReadsIsLeftToItselfAndThenCutOff(Trial trial) {
        Talk talk = Talk.fresh(trial);
        byte[] question = Messages.of(GET_FEATURES, Messages.PLAIN, Payloads.nothing());
        talk.frontEnd().replyTimeoutNanos(100_000_000);
        FrontEndException full = null;
        for (int asked = 0; asked < 1_000_000 && full == null; asked++) {
            try {
                talk.frontEnd().sendBytes(question);
            } catch (FrontEndException e) {
                full = e;
            }
        }
        assertTrue(full != null, "the back-end takes questions without end");
        trial.yard().awaitCanary();
        trial.expect("front-end.timed-out", 1);
    }

    @Test
    @Tag("slow")
    void A21_whoSaysNothingOrDoesNotEndWhatItSaysIsCutOff(Trial trial) {
        VhostUserFrontEnd silent = trial.connect(Yard.SEALED);
        Talk talk = Talk.fresh(trial);
        talk.say(new byte[] {1});
        assertTrue(talk.frontEnd().awaitClosed(Trial.LIMIT.toNanos()));
        assertTrue(silent.awaitClosed(Trial.LIMIT.toNanos()));
        trial.expect("front-end.timed-out", 2);
    }

    /** By option 60000, which is about a minute: -Dannulet.hostile.connections=60000. */
    @Test
    void A21_comingAndGoingLeavesNothing(Trial trial) {
        int connections = Integer.getInteger("annulet.hostile.connections", 500);
        for (int i = 0; i < connections; i++) {
            trial.yard().connect().close();
        }
        trial.allow("front-end.turned-away");
    }
}
