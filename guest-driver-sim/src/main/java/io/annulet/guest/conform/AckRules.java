package io.annulet.guest.conform;

import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import java.io.ByteArrayOutputStream;
import java.util.List;

/** Rules on answers that the front-end asks for with need_reply. */
final class AckRules {

    private static final String SECTION = "VHOST_USER_PROTOCOL_F_REPLY_ACK";
    private static final int ASKED = MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY;
    /** Higher than the 8 bits that other messages have for the index of a vring. */
    private static final int NO_VRING = 0x10000;

    private AckRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-ACK-01",
                        "every message of a set-up is answered once, with 0, if need_reply asks for it",
                        AckRules::everySetUpMessage),
                rule("VU-ACK-02", "without need_reply there is no answer", AckRules::notAsked),
                rule(
                        "VU-ACK-03",
                        "a message that has a reply of its own has just that one with need_reply too",
                        AckRules::oneReply),
                rule("VU-ACK-04", "answers come in the order of the messages", AckRules::inOrder),
                rule(
                        "VU-ACK-05",
                        "what cannot be done is not answered with 0: SET_VRING_NUM",
                        trial -> refused(trial, VhostUserRequest.SET_VRING_NUM)),
                rule(
                        "VU-ACK-06",
                        "what cannot be done is not answered with 0: SET_VRING_BASE",
                        trial -> refused(trial, VhostUserRequest.SET_VRING_BASE)),
                rule(
                        "VU-ACK-07",
                        "what cannot be done is not answered with 0: SET_VRING_ENABLE",
                        trial -> refused(trial, VhostUserRequest.SET_VRING_ENABLE)));
    }

    private static Rule rule(String id, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, SECTION, expectation, check);
    }

    private static ProbeGuest asking(Trial trial) {
        return trial.attached(0, Setup.USUAL).needs(ProtocolFeature.REPLY_ACK);
    }

    /** The front-end waits for an answer to each; one too many would be taken for the answer to the next message. */
    private static void everySetUpMessage(Trial trial) {
        ProbeGuest guest = asking(trial);
        guest.bringUp();
        guest.settle();
        noneLeft(trial, guest.frontEnd());
    }

    private static void noneLeft(Trial trial, VhostUserFrontEnd frontEnd) {
        try (Message reply = frontEnd.receive(trial.limits().quietNanos())) {
            Stop.unless(reply == null, "no further answer", String.valueOf(reply));
        }
    }

    private static void notAsked(Trial trial) {
        ProbeGuest guest = asking(trial);
        guest.frontEnd().asksForAcks(false);
        guest.prepare();
        guest.settle();
        noneLeft(trial, guest.frontEnd());
    }

    private static void oneReply(Trial trial) {
        VhostUserFrontEnd frontEnd = asking(trial).frontEnd();
        frontEnd.send(VhostUserRequest.GET_FEATURES.id(), ASKED, Payloads.nothing());
        try (Message reply = trial.awaitReply(frontEnd, "the features")) {
            Stop.unless(reply.request() == VhostUserRequest.GET_FEATURES.id(), "the features", String.valueOf(reply));
        }
        noneLeft(trial, frontEnd);
    }

    private static void inOrder(Trial trial) {
        ProbeGuest guest = asking(trial);
        guest.setFeatures();
        List<VhostUserRequest> requests = List.of(
                VhostUserRequest.SET_VRING_NUM, VhostUserRequest.SET_VRING_BASE, VhostUserRequest.SET_VRING_NUM);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (VhostUserRequest request : requests) {
            int number = request == VhostUserRequest.SET_VRING_NUM ? Setup.USUAL_RING_SIZE : 0;
            all.writeBytes(MessageRules.bytes(request.id(), ASKED, Payloads.vringState(0, number)));
        }
        guest.frontEnd().sendBytes(all.toByteArray());
        for (VhostUserRequest request : requests) {
            try (Message reply = trial.awaitReply(guest.frontEnd(), "the answer to " + request)) {
                Stop.unless(reply.request() == request.id(), "the answer to " + request, reply.toString());
            }
        }
    }

    private static void refused(Trial trial, VhostUserRequest request) {
        ProbeGuest guest = asking(trial);
        guest.setFeatures();
        MessageRules.notAccepted(trial, guest.frontEnd(), request.id(), Payloads.vringState(NO_VRING, 1));
    }
}
