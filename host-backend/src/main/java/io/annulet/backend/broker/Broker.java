package io.annulet.backend.broker;

import io.annulet.backend.port.HostAccess;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import io.annulet.linux.XdpProgram;
import io.annulet.linux.XdpSocket;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens taps and AF_XDP sockets for one process that may not, as far as rules allow; owned by the main thread of a process
 * of its own, which ends when the other one has. It keeps nothing of what it opens.
 */
public final class Broker implements AutoCloseable {

    private static final int OWNER_ONLY = 0600;
    private static final int BACKLOG = 4;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    static final String TAP = "tap";
    static final String XDP = "af_xdp";
    static final String DONE = "done";
    static final String REFUSED = "refused";

    /** What can be asked for: see {@link #answer}. */
    enum Request {
        TAP,
        SET_UP,
        XDP_SOCKET,
        XDP_PROGRAM
    }

    private final UnixListener listener;
    private final BrokerRules rules;

    /** Taps that were opened, as the kernel completed their names. */
    private final Set<String> opened = new HashSet<>();

    private Broker(UnixListener listener, BrokerRules rules) {
        this.listener = listener;
        this.rules = rules;
    }

    /** Listens at a socket that only this user may use. */
    public static Broker listen(Path socket, BrokerRules rules) {
        return new Broker(UnixListener.listen(socket, BACKLOG, SocketAccess.ofMode(OWNER_ONLY)), rules);
    }

    /**
     * Serves one process until it leaves.
     *
     * @param processId whose connection is served, and nobody else's
     * @param isNeeded false once that process has ended, whether it came or not
     */
    public void run(long processId, BooleanSupplier isNeeded) {
        UnixSocket client = await(processId, isNeeded);
        if (client == null) {
            return;
        }
        try (client) {
            while (isNeeded.getAsBoolean()) {
                if (FileDescriptors.awaitReadable(client.fd(), LOOK_NANOS)) {
                    BrokerMessage request = BrokerMessage.receive(client, LOOK_NANOS);
                    if (request == null || !serve(client, request)) {
                        return;
                    }
                }
            }
        }
    }

    private @Nullable UnixSocket await(long processId, BooleanSupplier isNeeded) {
        while (isNeeded.getAsBoolean()) {
            if (FileDescriptors.awaitReadable(listener.fd(), LOOK_NANOS)) {
                UnixSocket next = listener.accept();
                if (next != null && next.peerCredentials().processId() == processId) {
                    return next;
                }
                if (next != null) {
                    next.close();
                }
            }
        }
        return null;
    }

    private boolean serve(UnixSocket client, BrokerMessage request) {
        try {
            return answer(client, request);
        } catch (LinuxException refused) {
            return BrokerMessage.send(client, List.of(REFUSED, refused.getMessage()));
        } catch (IllegalArgumentException | SecurityException refused) {
            return BrokerMessage.send(client, List.of(REFUSED, String.valueOf(refused.getMessage())));
        } finally {
            request.closeFds();
        }
    }

    private boolean answer(UnixSocket client, BrokerMessage request) {
        String name = request.word(1);
        return switch (Request.valueOf(request.word(0))) {
            case TAP -> tap(client, name, request);
            case SET_UP -> {
                // What was opened may be set up; and an interface that may be taken from the host may be brought up.
                if (!opened.contains(name) && !rules.allow(XDP, name)) {
                    throw refusal(TAP, name);
                }
                HostAccess.DIRECT.setUp(NetworkInterface.named(name), request.number(2));
                yield BrokerMessage.send(client, List.of(DONE));
            }
            case XDP_SOCKET -> {
                check(XDP, name);
                try (Fd socket = XdpSocket.create(NetworkInterface.named(name))) {
                    yield BrokerMessage.send(client, List.of(DONE), socket);
                }
            }
            case XDP_PROGRAM -> program(client, name, request);
        };
    }

    /** Presence, header length, whether it has several queues, whether it waits, offloads. */
    private boolean tap(UnixSocket client, String name, BrokerMessage request) {
        if (!opened.contains(name)) {
            check(TAP, name);
        }
        TapOptions options = new TapOptions(
                TapOptions.Presence.valueOf(request.word(2)),
                request.number(3),
                Boolean.parseBoolean(request.word(4)),
                Boolean.parseBoolean(request.word(5)),
                request.number(6));
        try (Tap tap = Tap.open(name, options)) {
            opened.add(tap.name());
            return BrokerMessage.send(client, List.of(DONE, tap.name(), tap.isCreated()), tap.fd());
        }
    }

    /** Queue; and along with it the socket that was bound to it. */
    private boolean program(UnixSocket client, String name, BrokerMessage request) {
        check(XDP, name);
        int queue = request.number(2);
        try (XdpProgram program = XdpProgram.attach(NetworkInterface.named(name), queue + 1)) {
            program.name(queue, request.fd(0));
            return BrokerMessage.send(client, List.of(DONE, program.mode()), program.map(), program.link());
        }
    }

    private void check(String kind, String name) {
        if (!rules.allow(kind, name)) {
            throw refusal(kind, name);
        }
    }

    private static LinuxException refusal(String kind, String name) {
        return new LinuxException(
                "open " + kind + ":" + name + " for a process in a sandbox",
                Errno.EPERM,
                "name it at the start: --sandbox-allow " + kind + ":" + name);
    }

    @Override
    public void close() {
        listener.close();
    }
}
