package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.backend.handover.PassedPort;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.handover.TakenFds;
import io.annulet.backend.stats.FrontEndFault;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vring.RingFault;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

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

        /** The front-end did something wrong. */
        void onFault(FrontEndFault fault);
    }

    private static final long REFUSED = 1;

    private final ControlLoop loop;
    private final UnixSocket socket;
    private final Device device;
    private final MessageTable table;
    private final ControlCommands commands;
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

    /** Set while it reads and writes nothing; run once nothing of it waits for a worker either. */
    private @Nullable Runnable whenStill;

    /** Begins with a connection, which it takes over. Its first message is read as soon as it is there. */
    Session(ControlLoop loop, UnixSocket socket, Device device, ControlLimits limits, PortLog log, Owner owner) {
        this.loop = loop;
        this.socket = socket;
        this.device = device;
        this.table = new MessageTable(device, loop, log, this::end);
        this.commands = new ControlCommands(loop, device, log);
        this.limits = limits;
        this.log = log;
        this.owner = owner;
        this.deadline = new Deadline(loop);
        this.peerProcessId = socket.peerCredentials().processId();
        this.watch = loop.watchBothWays(socket.fd(), this::onReady);
        this.guard = new CallGuard(
                loop,
                device,
                () -> endFor(FrontEndFault.CALL_BLOCKED, "a descriptor that the worker signals was made to block"));
        guard.start();
        awaitFirst();
        log.beginSession(peerProcessId);
    }

    private void awaitFirst() {
        if (messages == 0) {
            deadline.set(limits.handshakeNanos(), () -> timedOut("it did not say anything in time"));
        }
    }

    /** Goes on with a front-end that another process served, still until {@link #thaw}. At once. */
    void goOnAs(PassedPort.Session passed, TakenFds fds) {
        freeze(() -> {});
        messages = passed.messages();
        reader.goOnBehind(passed, fds);
        writer.goOnWith(passed, fds);
        phase = writer.isEmpty() ? Phase.READING : Phase.REPLYING;
    }

    /** Reads and writes nothing from now on; {@code then} once nothing of it waits for a worker either. */
    void freeze(Runnable then) {
        whenStill = then;
        tellIfStill();
    }

    private void tellIfStill() {
        Runnable then = whenStill;
        if (then != null && phase != Phase.WORKING && phase != Phase.ENDING) {
            whenStill = () -> {};
            deadline.clear();
            then.run();
        }
    }

    /** Reads and writes again. */
    void thaw() {
        whenStill = null;
        if (isConnected()) {
            awaitFirst();
            onReady();
        }
    }

    /** As it is passed on while it is still. */
    PassedPort.Session passed(SentFds fds) {
        return new PassedPort.Session(
                fds.add(socket.fd()),
                messages,
                reader.unread(),
                reader.unreadFds(fds),
                writer.unsent(),
                writer.unsentFds(fds),
                device.passed(fds));
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
            if (phase == Phase.REPLYING && whenStill == null) {
                flush();
            }
            readMessages();
        });
    }

    private void contain(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error ours) {
            log.error("a message could not be served", ours);
            end("an error of our own");
        }
    }

    private void readMessages() {
        for (int i = 0; i < limits.messagesATurn() && phase == Phase.READING && whenStill == null; i++) {
            switch (reader.read(socket)) {
                case MESSAGE -> onMessage(reader.message());
                case WAITING -> {
                    quiet = true;
                    awaitRest();
                    owner.onSessionChanged(this);
                    return;
                }
                case END -> onLeft();
                case GARBAGE -> endFor(FrontEndFault.MESSAGE_REFUSED, "what it sends is not vhost-user");
            }
        }
        if (phase == Phase.READING && whenStill == null) {
            loop.execute(this::onReady);
        }
    }

    private void onLeft() {
        if (reader.isMidMessage()) {
            endFor(FrontEndFault.CUT_OFF, "it left in the middle of a message");
        } else {
            end("it left");
        }
    }

    private void timedOut(String what) {
        endFor(FrontEndFault.TIMED_OUT, what);
    }

    /** A message that has begun must be complete soon. How long the pause before the next one is, is up to the peer. */
    private void awaitRest() {
        if (reader.isMidMessage() && !deadline.isSet()) {
            deadline.set(limits.messageNanos(), () -> timedOut("the rest of its message did not come in time"));
        }
    }

    private void onMessage(Message message) {
        quiet = false;
        messages++;
        log.message(message);
        deadline.clear();
        serve(message, () -> table.checkedHandler(message, limits.descriptors()).handle(message));
    }

    /** Takes the first or a further step of a message. */
    private void serve(Message message, Supplier<Answer> step) {
        Answer answer;
        try {
            answer = step.get();
        } catch (MessageFault | LinuxException fault) {
            refuse(message, String.valueOf(fault.getMessage()));
            return;
        }
        goOn(message, answer);
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
        tellIfStill();
    }

    private void answer(Message message, Answer answer) {
        switch (answer) {
            case Answer.Value reply -> writer.value(message.id(), reply.value());
            case Answer.VringState reply -> writer.vringState(message.id(), reply.index(), reply.num());
            case Answer.Config reply -> writer.config(message.id(), reply.offset(), reply.bytes(), reply.flags());
            case Answer.Nothing nothing -> {
                owner.onFault(FrontEndFault.MESSAGE_REFUSED);
                writer.nothing(message.id());
            }
            case Answer.Done done -> {
                if (isStatusAsked(message)) {
                    writer.value(message.id(), MessageLayout.ACK_SUCCESS);
                }
            }
            case Answer.Reply reply -> writer.payload(message.id(), reply.payload(), reply.file());
            case Answer.Pending _, Answer.Result _ -> throw new IllegalStateException("no answer: " + answer);
        }
        finish();
    }

    private boolean isStatusAsked(Message message) {
        return message.needsReply() && device.negotiation.has(ProtocolFeature.REPLY_ACK);
    }

    private void refuse(Message message, String why) {
        device.retired.closeAll();
        log.recorder().note("fault", FrontEndFault.MESSAGE_REFUSED.label() + ": " + why);
        owner.onFault(FrontEndFault.MESSAGE_REFUSED);
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

    /** The message is done with: its reply, if any, goes out before the next one is read. */
    private void finish() {
        reader.next();
        if (!writer.isEmpty()) {
            log.recorder().reply(writer.prepared(), MessageLayout.HEADER_BYTES);
        }
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
            deadline.set(limits.replyNanos(), () -> timedOut("it did not read its reply in time"));
        }
    }

    /** The other end of the port's link has come, or has gone. A driver whose link comes up is to tell where it is. */
    void onLink(boolean up) {
        if (isConnected() && device.net.linkUp(up)) {
            device.net.announce(up);
            if (!device.tellConfigChanged()) {
                end("it does not read what it is told");
            }
        }
    }

    /** A command came on the control queue, whatever message is being served meanwhile. */
    void onCommand(long ticket, byte[] command, int answerRoom) {
        if (isConnected()) {
            contain(() -> commands.onCommand(ticket, new Command(command), answerRoom));
        }
    }

    void onRingBroken(int queueIndex, RingFault fault) {
        device.vring(queueIndex).markBroken();
        log.warn("the driver broke vring " + queueIndex + " (" + fault
                + "): it is left alone until it is set up afresh");
        owner.onSessionChanged(this);
    }

    void onMemoryLost() {
        endFor(
                FrontEndFault.MEMORY_LOST,
                "its memory went away: the file behind it was truncated, or has holes and its file system no room");
    }

    /** Ends the session for something that its front-end did, which is counted. */
    private void endFor(FrontEndFault fault, String why) {
        if (isConnected()) {
            log.recorder().note("fault", fault.label() + ": " + why);
            owner.onFault(fault);
            end(why);
        }
    }

    /** Ends the session, if it has not ended: the connection at once, everything else when the worker has left it. */
    void end(String why) {
        if (!isConnected()) {
            return;
        }
        phase = Phase.ENDING;
        device.postcopy.stop();
        deadline.clear();
        watch.close();
        socket.close();
        reader.close();
        writer.close();
        log.recorder().note("ended", why);
        log.endSession("session ended after " + messages + " messages: " + why);
        device.port.closeAllQueues(() -> loop.execute(this::release));
    }

    private void release() {
        phase = Phase.ENDED;
        guard.end();
        try {
            device.release();
        } finally {
            owner.onSessionEnded(this);
            tellIfStill();
        }
    }
}
