package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vring.RingFault;
import java.util.function.Supplier;

/**
 * One connected front-end; owned by the control thread.
 *
 * <p>It reads a message, checks all of it, prepares what follows from it, hands that to the worker, and answers when the
 * worker has acknowledged. Meanwhile it reads nothing, and the loop serves other sessions.
 *
 * <p>A message that breaks a rule is answered with a status other than 0 if the front-end asked for one, else the session
 * ends; so it does where the reply would have been something else than a status, since that could be misread.
 */
final class Session {

    private enum Phase {
        /** Waiting for a message, or for the rest of one. */
        READING,
        /** Waiting for the worker. */
        WORKING,
        /** Waiting until the front-end takes its reply. */
        REPLYING,
        /** The connection is closed; the worker may still have the rings. */
        ENDING,
        /** Nothing is left of it. */
        ENDED
    }

    /** What a session tells the port it belongs to. */
    interface Owner {
        /** Something may have changed. */
        void onSessionChanged(Session session);

        /** Everything the session held is free. */
        void onSessionEnded(Session session);
    }

    private static final long REFUSED = 1;

    private final ControlLoop loop;
    private final UnixSocket socket;
    private final Device device;
    private final MessageTable table;
    private final ControlLimits limits;
    private final PortLog log;
    private final Owner owner;
    private final MessageReader reader = new MessageReader();
    private final ReplyWriter writer = new ReplyWriter();
    private final Deadline deadline;
    private final Readiness.Watch watch;
    private final CallGuard guard;
    private final int peerProcessId;
    private Phase phase = Phase.READING;
    private boolean quiet;
    private long messages;

    /** Begins with a connection, which it takes over. Its first message is read as soon as it is there. */
    Session(ControlLoop loop, UnixSocket socket, Device device, ControlLimits limits, PortLog log, Owner owner) {
        this.loop = loop;
        this.socket = socket;
        this.device = device;
        this.table = new MessageTable(device);
        this.limits = limits;
        this.log = log;
        this.owner = owner;
        this.deadline = new Deadline(loop);
        this.peerProcessId = socket.peerCredentials().processId();
        this.watch = loop.watchBothWays(socket.fd(), this::onReady);
        this.guard = new CallGuard(loop, device, () -> end("a descriptor that the worker signals was made to block"));
        guard.start();
        deadline.set(limits.handshakeNanos(), () -> end("it did not say anything in time"));
        log.info("front-end connected, process " + peerProcessId);
    }

    Device device() {
        return device;
    }

    int peerProcessId() {
        return peerProcessId;
    }

    /** Complete messages so far. */
    long messages() {
        return messages;
    }

    /** Whether the front-end is there and has said nothing that was not served: known only just after {@link #onReady}. */
    boolean isQuiet() {
        return phase == Phase.READING && quiet;
    }

    boolean isConnected() {
        return phase.compareTo(Phase.ENDING) < 0;
    }

    /** The socket can be read or written, or has been closed: goes on as far as possible. */
    void onReady() {
        contain(() -> {
            if (phase == Phase.REPLYING) {
                flush();
            }
            readMessages();
        });
    }

    /** Whatever goes wrong in a session ends that session. */
    private void contain(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error ours) {
            log.error("a message could not be served", ours);
            end("an error of our own");
        }
    }

    private void readMessages() {
        for (int i = 0; i < limits.messagesATurn() && phase == Phase.READING; i++) {
            switch (reader.read(socket)) {
                case MESSAGE -> onMessage(reader.message());
                case WAITING -> {
                    quiet = true;
                    awaitRest();
                    owner.onSessionChanged(this);
                    return;
                }
                case END -> end(reader.isMidMessage() ? "it left in the middle of a message" : "it left");
                case GARBAGE -> end("what it sends is not vhost-user");
            }
        }
        if (phase == Phase.READING) {
            loop.execute(this::onReady);
        }
    }

    /** A message that has begun must be complete soon. How long the pause before the next one is, is up to the peer. */
    private void awaitRest() {
        if (reader.isMidMessage() && !deadline.isSet()) {
            deadline.set(limits.messageNanos(), () -> end("the rest of its message did not come in time"));
        }
    }

    private void onMessage(Message message) {
        quiet = false;
        messages++;
        deadline.clear();
        serve(message, () -> checked(message).handle(message));
    }

    /** Takes the first or a further step of a message. */
    private void serve(Message message, Supplier<Answer> step) {
        Answer answer;
        try {
            answer = step.get();
        } catch (MessageFault fault) {
            refuse(message, fault.getMessage());
            return;
        } catch (LinuxException fault) {
            refuse(message, fault.getMessage());
            return;
        }
        goOn(message, answer);
    }

    /**
     * Who serves a message for which all holds that does for any: flags, size and descriptors are right, and the feature
     * that it belongs to is agreed on.
     */
    private MessageTable.Handler checked(Message message) {
        VhostUserRequest request = message.request();
        if (request == null) {
            throw new MessageFault("no such message");
        }
        if ((message.flags() & ~(MessageLayout.VERSION_MASK | MessageLayout.FLAG_NEED_REPLY)) != 0) {
            throw new MessageFault(String.format("flags 0x%x", message.flags()));
        }
        if (!request.payload().accepts(message.payloadByteLength())) {
            throw new MessageFault(message.payloadByteLength() + " bytes");
        }
        if (message.hasBadFds() || !request.acceptsFds(message.fdCount())) {
            throw new MessageFault(message.fdCount() + " descriptors, or some at the wrong place");
        }
        if (!request.allowedBy(device.negotiation.protocolFeatures())) {
            throw new MessageFault("needs " + request.gate() + ", which was not acknowledged");
        }
        if (message.fdCount() > 0 && device.descriptorCount() + message.fdCount() > limits.descriptors()) {
            throw new MessageFault("more than " + limits.descriptors() + " descriptors");
        }
        MessageTable.Handler handler = table.handler(request);
        if (handler == null) {
            throw new MessageFault("not served");
        }
        return handler;
    }

    /** Sees a message to its end, by way of the worker if it has to be. */
    private void goOn(Message message, Answer answer) {
        if (answer instanceof Answer.Pending pending) {
            phase = Phase.WORKING;
            deadline.set(limits.workerNanos(), () -> end("the worker did not answer in time"));
            pending.command().accept(() -> loop.execute(() -> onAcknowledged(message, pending)));
            return;
        }
        device.retired.closeAll();
        answer(message, answer);
    }

    private void onAcknowledged(Message message, Answer.Pending pending) {
        if (phase != Phase.WORKING) {
            return;
        }
        phase = Phase.READING;
        deadline.clear();
        contain(() -> {
            serve(message, pending.then());
            readMessages();
        });
    }

    private void answer(Message message, Answer answer) {
        switch (answer) {
            case Answer.Value reply -> writer.value(message.id(), reply.value());
            case Answer.VringState reply -> writer.vringState(message.id(), reply.index(), reply.num());
            case Answer.Done done -> {
                if (isStatusAsked(message)) {
                    writer.value(message.id(), MessageLayout.ACK_SUCCESS);
                }
            }
            case Answer.Pending pending -> throw new IllegalStateException("not done yet: " + pending);
        }
        finish();
    }

    private boolean isStatusAsked(Message message) {
        return message.needsReply() && device.negotiation.has(ProtocolFeature.REPLY_ACK);
    }

    private void refuse(Message message, String why) {
        device.retired.closeAll();
        VhostUserRequest request = message.request();
        String line = (request == null ? "message " + Integer.toUnsignedString(message.id()) : request) + ": " + why;
        if (isStatusAsked(message) && (request == null || request.reply() == ReplyRule.IF_ASKED)) {
            log.warn("refused " + line);
            writer.value(message.id(), REFUSED);
            finish();
        } else {
            end(line);
        }
    }

    /** The message is done with: its reply goes out, if it has one, before the next one is read. */
    private void finish() {
        reader.next();
        phase = Phase.REPLYING;
        flush();
    }

    private void flush() {
        if (!writer.flush(socket)) {
            end("it left before its reply");
        } else if (writer.isEmpty()) {
            phase = Phase.READING;
            deadline.clear();
        } else if (!deadline.isSet()) {
            deadline.set(limits.replyNanos(), () -> end("it did not read its reply in time"));
        }
    }

    // What the worker found.

    void onRingBroken(int queueIndex, RingFault fault) {
        device.vring(queueIndex).markBroken();
        log.warn("the driver broke vring " + queueIndex + " (" + fault
                + "): it is left alone until it is set up afresh");
        owner.onSessionChanged(this);
    }

    void onMemoryLost() {
        end("its memory went away: the file behind it was truncated");
    }

    /** Ends the session, if it has not ended: the connection at once, everything else when the worker has left it. */
    void end(String why) {
        if (!isConnected()) {
            return;
        }
        phase = Phase.ENDING;
        deadline.clear();
        watch.close();
        socket.close();
        reader.close();
        log.info("session ended after " + messages + " messages: " + why);
        device.port.closeAllQueues(() -> loop.execute(this::release));
    }

    private void release() {
        phase = Phase.ENDED;
        guard.stop();
        try {
            device.release();
        } finally {
            owner.onSessionEnded(this);
        }
    }
}
