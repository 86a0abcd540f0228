package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.backend.handover.Giver;
import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket at which a process asks to take over, in the folder of state, for this user alone; owned by the control thread.
 * Opened and closed by any.
 */
public final class HandoverDoor {

    private static final Logger LOG = LoggerFactory.getLogger(HandoverDoor.class);
    private static final int OWNER_ONLY = 0600;
    private static final int BACKLOG = 4;

    private final ControlLoop loop;
    private final Consumer<UnixSocket> visitor;
    private final UnixListener listener;
    private final Readiness.Watch watch;

    private HandoverDoor(ControlLoop loop, UnixListener listener, Consumer<UnixSocket> visitor) {
        this.loop = loop;
        this.listener = listener;
        this.visitor = visitor;
        this.watch = loop.watch(listener.fd(), this::accept);
    }

    /** Where a back-end with these ports is asked, whatever options they have. */
    public static Path path(Path folder, List<Giver.PortName> ports) {
        String all = ports.stream()
                .map(port -> port.name() + " " + port.kind() + " " + port.target())
                .sorted()
                .collect(Collectors.joining("\n"));
        return folder.resolve(String.format("%016x.takeover", StateFolder.key(all)));
    }

    /** Opens it; {@code visitor} gets whoever connects, on the control thread. */
    public static CompletableFuture<HandoverDoor> open(ControlLoop loop, Path path, Consumer<UnixSocket> visitor) {
        return make(loop, () -> UnixListener.listen(path, BACKLOG, SocketAccess.ofMode(OWNER_ONLY)), visitor);
    }

    /** Goes on with the one of the process before. */
    public static CompletableFuture<HandoverDoor> inherit(
            ControlLoop loop, Path path, Fd fd, Consumer<UnixSocket> visitor) {
        return make(loop, () -> UnixListener.inherit(path, fd), visitor);
    }

    private static CompletableFuture<HandoverDoor> make(
            ControlLoop loop, Supplier<UnixListener> listening, Consumer<UnixSocket> visitor) {
        CompletableFuture<HandoverDoor> opened = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                opened.complete(new HandoverDoor(loop, listening.get(), visitor));
            } catch (RuntimeException e) {
                opened.completeExceptionally(e);
            }
        });
        return opened;
    }

    private void accept() {
        try {
            for (UnixSocket next = listener.accept(); next != null; next = listener.accept()) {
                visitor.accept(next);
            }
        } catch (LinuxException e) {
            LOG.warn("{}", e.getMessage());
        }
    }

    /** The descriptor of the socket that listens. */
    public Fd fd() {
        return listener.fd();
    }

    /** Closes it; its file stays if another process goes on with it. */
    public CompletableFuture<Void> close(boolean keepsFile) {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        loop.execute(() -> {
            watch.close();
            (keepsFile ? listener.keepingFile() : listener).close();
            closed.complete(null);
        });
        return closed;
    }
}
