package io.annulet.guest;

import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A back-end that answers from a script and writes down what it was told; its thread ends with the connection. */
final class FakeBackEnd implements AutoCloseable {

    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final MessageSocket socket;
    private final Map<VhostUserRequest, Long> answers = new EnumMap<>(VhostUserRequest.class);
    private final List<String> told = new ArrayList<>();
    private final Thread thread;

    private FakeBackEnd(UnixSocket socket, Map<VhostUserRequest, Long> answers) {
        this.socket = new MessageSocket(socket);
        this.answers.putAll(answers);
        this.thread = Thread.ofPlatform().name("fake-back-end").unstarted(this::serve);
    }

    /** One at the other end of a new connection; an answer missing for a request that needs one is 0. */
    static FakeBackEnd start(UnixSocket socket, Map<VhostUserRequest, Long> answers) {
        FakeBackEnd backEnd = new FakeBackEnd(socket, answers);
        backEnd.thread.start();
        return backEnd;
    }

    private void serve() {
        while (true) {
            try (Message message = socket.receive(PATIENCE_NANOS)) {
                if (message == null) {
                    return;
                }
                answer(message);
            }
        }
    }

    private void answer(Message message) {
        VhostUserRequest request = Objects.requireNonNull(VhostUserRequest.of(message.request()));
        synchronized (told) {
            told.add(describe(request, message));
        }
        if (request.reply() == ReplyRule.ALWAYS || message.needsReply()) {
            long answer = answers.getOrDefault(request, 0L);
            byte[] payload = request == VhostUserRequest.GET_VRING_BASE
                    ? Payloads.vringState(message.payload().getInt(0), (int) answer)
                    : Payloads.u64(answer);
            socket.send(
                    message.request(),
                    MessageLayout.VERSION | MessageLayout.FLAG_REPLY,
                    payload,
                    List.of(),
                    PATIENCE_NANOS);
        }
    }

    private static String describe(VhostUserRequest request, Message message) {
        String text = request.name();
        if (message.payload().remaining() == 8) {
            boolean state = request.payload() == Payload.VRING_STATE;
            text += state
                    ? " " + message.payload().getInt(0) + " "
                            + message.payload().getInt(4)
                    : " " + Long.toHexString(message.payload().getLong(0));
        }
        for (Fd fd : message.fds()) {
            text += " +"
                    + FileDescriptors.link(fd).replaceAll("^/?(\\w+):.*", "$1").replaceAll("/memfd", "memfd");
        }
        return text;
    }

    /** What was told since the last call; complete once the connection has ended. */
    List<String> told() {
        synchronized (told) {
            List<String> copy = List.copyOf(told);
            told.clear();
            return copy;
        }
    }

    /** Waits until the front-end has closed the connection. */
    void awaitEnd() throws InterruptedException {
        thread.join();
    }

    /** To be called after the front-end has closed the connection, or it waits for that. */
    @Override
    public void close() {
        try {
            awaitEnd();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        socket.close();
    }
}
