package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import io.annulet.backend.handover.PassedPort;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.handover.TakenFds;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A guest's port on its way from one process to another. Its methods may be called by any thread; what they do is the control
 * thread's, and is done when the future completes.
 *
 * <p>The process that serves calls {@link #freeze} and {@link #stopAndDescribe}, and then {@link #leave}, or {@link
 * #goOn} and {@link #thaw} if it has to serve on. The one that comes after calls {@link #restore}, {@link #goOn} with the
 * records of rings opened, and {@link #thaw}.
 */
public final class PortHandover {

    private final GuestEndpoint endpoint;
    private final ControlLoop loop;
    private final StateFolder state;
    private final PortProxy proxy;

    /** Whether no worker has the rings, though they are started; the control thread's. */
    private boolean stopped;

    PortHandover(GuestEndpoint endpoint, ControlLoop loop, StateFolder state, PortProxy proxy) {
        this.endpoint = endpoint;
        this.loop = loop;
        this.state = state;
        this.proxy = proxy;
    }

    private CompletableFuture<Void> run(Consumer<Runnable> step) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                step.accept(() -> done.complete(null));
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private CompletableFuture<Void> now(Runnable step) {
        return run(done -> {
            step.run();
            done.run();
        });
    }

    /** Whether memory of its guest is still to come, so that its front-end cannot be passed on. */
    public CompletableFuture<Boolean> isGuestArriving() {
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        loop.execute(() -> {
            Device device = served();
            told.complete(device != null && device.postcopy.isUnderWay());
        });
        return told;
    }

    /** Reads and answers no messages from now on, and has none half served. */
    public CompletableFuture<Void> freeze() {
        return run(done -> {
            endpoint.attachment().freeze();
            Session session = endpoint.session();
            if (session == null) {
                done.run();
            } else {
                session.freeze(done);
            }
        });
    }

    /** Works no ring any more; all workers are held. */
    private CompletableFuture<Void> stop() {
        return run(done -> {
            Device device = served();
            if (device == null) {
                done.run();
            } else {
                new Rings(device).leave(loop, () -> {
                    stopped = true;
                    done.run();
                });
            }
        });
    }

    private @Nullable Device served() {
        Session session = endpoint.session();
        return session == null || !session.isConnected() ? null : session.device();
    }

    /** Likewise, and completes with what is passed on. */
    public CompletableFuture<PassedPort> stopAndDescribe(SentFds fds) {
        return stop().thenCompose(done -> describe(fds));
    }

    /** Completes with what is passed on. */
    public CompletableFuture<PassedPort> describe(SentFds fds) {
        CompletableFuture<PassedPort> described = new CompletableFuture<>();
        return now(() -> {
                    Attachment.Passed how = endpoint.attachment().passed(fds);
                    Session session = endpoint.session();
                    described.complete(new PassedPort(
                            endpoint.options().name(),
                            endpoint.options()
                                    .socket()
                                    .toAbsolutePath()
                                    .normalize()
                                    .toString(),
                            how.listener(),
                            how.waiting(),
                            endpoint.linkIsUp(),
                            endpoint.receives(),
                            session == null || !session.isConnected() ? null : session.passed(fds)));
                })
                .thenCompose(done -> described);
    }

    /** Becomes what was passed on, and stays still. A front-end that cannot be served any more is left out. */
    public CompletableFuture<Void> restore(PassedPort passed, TakenFds fds) {
        return now(() -> {
            endpoint.attachment().goOnWith(fds.take(passed.listener()), fds.take(passed.waiting()));
            endpoint.goOnAs(passed, fds);
            stopped = true;
        });
    }

    /** Works the rings where they were left, and tells the workers what the guest wants of them. */
    public CompletableFuture<Void> goOn() {
        return run(done -> {
            Device device = stopped ? served() : null;
            stopped = false;
            if (device == null) {
                done.run();
                return;
            }
            device.port.changeRules(device.net.rules(), () -> {}); // before any queue: workers keep the order
            contain(() -> new Rings(device).goOn(done), done);
        });
    }

    /** A ring that cannot be worked any more costs its front-end the connection, and nobody else anything. */
    private void contain(Runnable step, Runnable done) {
        try {
            step.run();
        } catch (MessageFault gone) {
            Session session = endpoint.session();
            if (session != null) {
                session.end(String.valueOf(gone.getMessage()));
            }
            done.run();
        }
    }

    /** Opens the records of rings, which another process has let go of. */
    public CompletableFuture<Void> openRecords() {
        return now(() -> endpoint.records(state.open(endpoint.options())));
    }

    /** Leaves the records of rings to another process. */
    public CompletableFuture<Void> leaveRecords() {
        return now(() -> endpoint.records(RingRecords.none()));
    }

    /** Goes on after {@link #leaveRecords}, when the other process has died: as after a crash. */
    public CompletableFuture<Void> takeBack() {
        return run(done -> {
            endpoint.records(state.open(endpoint.options()));
            proxy.holdQueues(() -> {});
            stopped = false;
            Device device = served();
            if (device == null) {
                done.run();
            } else {
                contain(() -> new Rings(device).recover(done), done);
            }
        });
    }

    /** All ports have been taken back: their guests may send. */
    public CompletableFuture<Void> release() {
        return now(() -> state.onPortOpen(loop, new HeldPort(endpoint, proxy), true));
    }

    /** Reads messages again. */
    public CompletableFuture<Void> thaw() {
        return now(() -> {
            endpoint.look();
            endpoint.attachment().thaw();
            Session session = endpoint.session();
            if (session != null) {
                session.thaw();
            }
        });
    }

    /** Leaves the socket, and whoever is connected, to the process that goes on. */
    public CompletableFuture<Void> leave() {
        return now(() -> endpoint.attachment().leave());
    }
}
