package io.annulet.guest.conform;

import io.annulet.guest.BackendChannel;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.List;

/** Rules on the channel for requests of the back-end, and on notifications that go as messages instead of eventfds. */
final class ChannelRules {

    private static final String IN_BAND = "In-band notifications";
    private static final Setup WITH_MESSAGES =
            Setup.USUAL.with(ProtocolFeature.BACKEND_REQ, ProtocolFeature.INBAND_NOTIFICATIONS);

    private ChannelRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-CHAN-01",
                        "Front-end message types, SET_BACKEND_REQ_FD",
                        "a channel for requests of the back-end is accepted, again and again",
                        ChannelRules::accepted),
                rule(
                                "VU-CHAN-02",
                                "Suspended device state",
                                "after all rings were stopped there is no message on the channel",
                                ChannelRules::silentWhenSuspended)
                        .withTraffic(),
                rule(
                                "VU-BAND-01",
                                IN_BAND,
                                "acknowledging INBAND_NOTIFICATIONS without what it needs closes the connection",
                                ChannelRules::needsOthers)
                        .advised(),
                rule("VU-BAND-02", IN_BAND, "a ring without an eventfd starts with VRING_KICK", ChannelRules::kicked)
                        .withTraffic(),
                rule(
                                "VU-BAND-03",
                                IN_BAND,
                                "used buffers of a ring without an eventfd are told with VRING_CALL",
                                ChannelRules::called)
                        .withTraffic());
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check);
    }

    private static void accepted(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.with(ProtocolFeature.BACKEND_REQ));
        guest.needs(ProtocolFeature.BACKEND_REQ);
        for (int i = 0; i < 3; i++) {
            try (BackendChannel channel = guest.frontEnd().openBackendChannel()) {
                guest.settle();
                Message request = channel.receive(trial.limits().quietNanos());
                if (request != null) {
                    request.close();
                }
                Stop.unless(!channel.isClosed(), "the channel stays open", "it is closed");
            }
        }
    }

    private static void silentWhenSuspended(Trial trial) {
        ProbeGuest tested = trial.attached(0, Setup.USUAL.with(ProtocolFeature.BACKEND_REQ));
        tested.needs(ProtocolFeature.BACKEND_REQ);
        BackendChannel channel = trial.own(tested.frontEnd().openBackendChannel());
        trial.flowing(tested, trial.guest(1, Setup.USUAL));
        BaseRules.stop(trial, tested);
        drain(channel);
        try (Message request = channel.receive(trial.limits().quietNanos())) {
            Stop.unless(request == null, "no message on the channel", String.valueOf(request));
        }
    }

    private static void drain(BackendChannel channel) {
        while (true) {
            try (Message request = channel.receive(0)) {
                if (request == null) {
                    return;
                }
            }
        }
    }

    private static ProbeGuest withMessages(Trial trial) {
        return trial.attached(0, WITH_MESSAGES.withoutReceiveBuffers())
                .needs(ProtocolFeature.INBAND_NOTIFICATIONS)
                .needs(ProtocolFeature.BACKEND_REQ)
                .needs(ProtocolFeature.REPLY_ACK);
    }

    private static void needsOthers(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL);
        guest.needs(VirtioFeature.PROTOCOL_FEATURES, "VHOST_USER_F_PROTOCOL_FEATURES");
        if (!ProtocolFeature.INBAND_NOTIFICATIONS.in(guest.offeredProtocol())) {
            throw Stop.notOffered("VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS");
        }
        byte[] alone = Payloads.u64(ProtocolFeature.INBAND_NOTIFICATIONS.mask());
        try {
            guest.frontEnd().send(VhostUserRequest.SET_PROTOCOL_FEATURES.id(), MessageLayout.VERSION, alone);
        } catch (FrontEndException closed) {
            return;
        }
        Stop.unless(
                guest.frontEnd().awaitClosed(trial.limits().waitNanos()), "the end of the connection", "it stays open");
    }

    /** A guest whose rings were described and enabled; nothing was said of eventfds. */
    private static Pair enabledOnly(Trial trial, ProbeGuest tested) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        tested.prepare();
        tested.enableAll();
        return new Pair(trial, tested, peer);
    }

    private static void kick(ProbeGuest guest, ProbeQueue queue) {
        guest.frontEnd().tell(VhostUserRequest.VRING_KICK, Payloads.vringState(queue.index(), 0));
    }

    private static void offerOne(Pair pair) {
        ProbeGuest tested = pair.tested();
        tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        tested.transmit().publish();
        kick(tested, tested.transmit());
    }

    private static void kicked(Trial trial) {
        ProbeGuest tested = withMessages(trial);
        trial.own(tested.frontEnd().openBackendChannel());
        Pair pair = enabledOnly(trial, tested);
        offerOne(pair);
        trial.await(
                "the frame that was available is taken", () -> tested.frames().reclaim() > 0);
    }

    private static void called(Trial trial) {
        ProbeGuest tested = withMessages(trial);
        BackendChannel channel = trial.own(tested.frontEnd().openBackendChannel());
        Pair pair = enabledOnly(trial, tested);
        tested.transmit().requestCalls();
        offerOne(pair);
        trial.await("VRING_CALL for the transmit queue", () -> isCall(channel, tested.transmit()));
    }

    private static boolean isCall(BackendChannel channel, ProbeQueue queue) {
        try (Message request = channel.receive(0)) {
            if (request == null || request.request() != BackendRequest.VRING_CALL.id()) {
                return false;
            }
            if (request.needsReply()) {
                channel.reply(request, 0);
            }
            return request.payload().getInt(MessageLayout.STATE_INDEX) == queue.index();
        }
    }
}
