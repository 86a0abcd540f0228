package io.annulet.guest.conform;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Rules on messages as such: how they are cut, what answers look like, what is no request. */
final class MessageRules {

    private static final String HEADER = "Message Specification, Header";
    private static final String STREAM = "SOCK_STREAM";
    private static final int UNKNOWN_REQUEST = 200;
    private static final int FLAGS_OF_A_REPLY = MessageLayout.VERSION | MessageLayout.FLAG_REPLY;

    private MessageRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-MSG-01",
                        HEADER,
                        "a reply has version 1, the reply flag, the id of its request and a payload of its type",
                        MessageRules::replyHeader),
                stream(
                        "VU-MSG-02",
                        "a header may come in two writes: a stream socket keeps no message boundaries",
                        trial -> split(trial, 5)),
                stream(
                        "VU-MSG-03",
                        "a payload may come in a write of its own",
                        trial -> split(trial, MessageLayout.HEADER_BYTES)),
                stream("VU-MSG-04", "a payload may come in two writes", trial -> split(trial, 16)),
                stream("VU-MSG-05", "several messages may come in one write", MessageRules::coalesced),
                rule(
                        "VU-MSG-06",
                        "Front-end message types, GET_PROTOCOL_FEATURES",
                        "protocol features can be asked for and set before SET_FEATURES",
                        MessageRules::protocolFeaturesFirst),
                rule(
                        "VU-MSG-07",
                        "Communication",
                        "a request that the protocol does not know is not answered if no reply was asked for",
                        MessageRules::unknownRequestUnasked),
                rule(
                        "VU-MSG-08",
                        "VHOST_USER_PROTOCOL_F_REPLY_ACK",
                        "an unknown request with need_reply gets a status other than 0, or the connection is closed",
                        MessageRules::unknownRequestAsked));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check);
    }

    /** A byte stream keeps no message boundaries, but the protocol does not say that messages may be cut anywhere. */
    private static Rule stream(String id, String expectation, Rule.Check check) {
        return Rule.must(id, Document.SOCKETS, STREAM, expectation, check).advised();
    }

    static byte[] bytes(int request, int flags, byte[] payload) {
        return ByteBuffer.allocate(MessageLayout.HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(request)
                .putInt(flags)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    private static void replyHeader(Trial trial) {
        try (Message reply = trial.greet(trial.open(0))) {
            Stop.unless(
                    reply.request() == VhostUserRequest.GET_FEATURES.id()
                            && reply.flags() == FLAGS_OF_A_REPLY
                            && reply.payload().remaining() == Long.BYTES
                            && reply.fds().isEmpty(),
                    "message 1, flags 5, 8 bytes, 0 descriptors",
                    reply.toString());
        }
    }

    /** A message with a payload in two parts, then a question that shows whether it was understood. */
    private static void split(Trial trial, int firstByteLength) {
        VhostUserFrontEnd frontEnd = trial.connect(0);
        long features = frontEnd.getFeatures();
        byte[] message = bytes(
                VhostUserRequest.SET_FEATURES.id(),
                MessageLayout.VERSION,
                Payloads.u64(features & (VirtioFeature.VERSION_1 | VirtioFeature.PROTOCOL_FEATURES)));
        frontEnd.sendBytes(Arrays.copyOf(message, firstByteLength));
        trial.idle();
        frontEnd.sendBytes(Arrays.copyOfRange(message, firstByteLength, message.length));
        frontEnd.getFeatures();
    }

    private static void coalesced(Trial trial) {
        VhostUserFrontEnd frontEnd = trial.connect(0);
        long features = frontEnd.getFeatures();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] question = bytes(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, Payloads.nothing());
        all.writeBytes(question);
        all.writeBytes(bytes(VhostUserRequest.SET_OWNER.id(), MessageLayout.VERSION, Payloads.nothing()));
        all.writeBytes(question);
        frontEnd.sendBytes(all.toByteArray());
        for (int i = 0; i < 2; i++) {
            try (Message reply = trial.awaitReply(frontEnd, "two replies to two questions")) {
                Stop.unless(
                        reply.payload().remaining() == Long.BYTES
                                && reply.payload().getLong() == features,
                        "the features each time",
                        reply.toString());
            }
        }
    }

    private static void protocolFeaturesFirst(Trial trial) {
        VhostUserFrontEnd frontEnd = trial.connect(0);
        if ((frontEnd.getFeatures() & VirtioFeature.PROTOCOL_FEATURES) == 0) {
            throw Stop.notOffered("VHOST_USER_F_PROTOCOL_FEATURES");
        }
        long offered = frontEnd.getProtocolFeatures();
        frontEnd.setProtocolFeatures(offered & ProtocolFeature.MQ.mask());
        frontEnd.getFeatures();
    }

    private static void unknownRequestUnasked(Trial trial) {
        VhostUserFrontEnd frontEnd = trial.connect(0);
        frontEnd.send(UNKNOWN_REQUEST, MessageLayout.VERSION, Payloads.nothing());
        onlyFeaturesOrClosed(trial, frontEnd);
    }

    /** The next answer is the one to GET_FEATURES; closing the connection is a back-end's right. */
    private static void onlyFeaturesOrClosed(Trial trial, VhostUserFrontEnd frontEnd) {
        try {
            frontEnd.send(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, Payloads.nothing());
        } catch (FrontEndException closed) {
            return;
        }
        try (Message reply = frontEnd.receive(trial.limits().waitNanos())) {
            if (reply == null) {
                Stop.unless(
                        frontEnd.awaitClosed(trial.limits().quietNanos()),
                        "an answer to the next question, or the end of the connection",
                        "neither within " + Trial.seconds(trial.limits().waitNanos()));
                return;
            }
            Stop.unless(
                    reply.request() == VhostUserRequest.GET_FEATURES.id(),
                    "an answer to the next question only",
                    reply.toString());
        }
    }

    private static void unknownRequestAsked(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL).needs(ProtocolFeature.REPLY_ACK);
        notAccepted(trial, guest.frontEnd(), UNKNOWN_REQUEST, Payloads.nothing());
    }

    /** Sends what no back-end can do, asking for a reply, and sees that it does not claim to have done it. */
    static void notAccepted(Trial trial, VhostUserFrontEnd frontEnd, int request, byte[] payload) {
        frontEnd.send(request, MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY, payload);
        try (Message reply = frontEnd.receive(trial.limits().waitNanos())) {
            if (reply == null) {
                Stop.unless(
                        frontEnd.awaitClosed(trial.limits().quietNanos()),
                        "a status other than 0, or the end of the connection",
                        "neither within " + Trial.seconds(trial.limits().waitNanos()));
                return;
            }
            Stop.unless(
                    reply.request() == request && reply.payload().remaining() == Long.BYTES,
                    "a status of 8 bytes",
                    reply.toString());
            Stop.unless(reply.payload().getLong() != MessageLayout.ACK_SUCCESS, "a status other than 0", "status 0");
        }
    }
}
