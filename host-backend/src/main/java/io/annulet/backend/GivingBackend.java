package io.annulet.backend;

import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.HandoverDoor;
import io.annulet.backend.control.PortHandover;
import io.annulet.backend.events.HandOverEvent;
import io.annulet.backend.handover.Giver;
import io.annulet.backend.handover.Giving;
import io.annulet.backend.handover.HandoverException;
import io.annulet.backend.handover.PassedPort;
import io.annulet.backend.handover.PassedState;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.port.TapPort;
import io.annulet.linux.Fd;
import io.annulet.linux.PassedSockets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A back-end that another process may take over from; made and closed by any thread, and else the hand-over's. */
final class GivingBackend implements Giver {

    private static final Logger LOG = LoggerFactory.getLogger(GivingBackend.class);

    private static final Duration LOCKS_GONE = Duration.ofMillis(100);

    private final Parts parts;
    private final ReentrantLock changes;
    private final Supplier<BackendOptions> running;
    private final Runnable warming;
    private final Runnable onHandedOver;
    private @Nullable HandoverDoor door;
    private volatile boolean handedOver;

    /**
     * @param changes held while ports are changed or handed over
     * @param running what the back-end serves now
     * @param warming runs the code of a hand-over, without guests
     * @param onHandedOver run once another process serves everything
     */
    GivingBackend(
            Parts parts,
            ReentrantLock changes,
            Supplier<BackendOptions> running,
            Runnable warming,
            Runnable onHandedOver) {
        this.parts = parts;
        this.changes = changes;
        this.running = running;
        this.warming = warming;
        this.onHandedOver = onHandedOver;
    }

    /** Where a process with these options asks; null if it cannot. */
    static @Nullable Path doorOf(BackendOptions options) {
        Path folder = options.state();
        return folder == null ? null : HandoverDoor.path(folder, Parts.names(options));
    }

    /** From now on another process may ask. {@code inherited} is the socket of the process before, if there was one. */
    void open(@Nullable Fd inherited) {
        Path path = doorOf(parts.options());
        if (path == null) {
            return;
        }
        Giving giving = new Giving(this);
        CompletableFuture<HandoverDoor> opening = inherited == null
                ? HandoverDoor.open(parts.control(), path, giving::begin)
                : HandoverDoor.inherit(parts.control(), path, inherited, giving::begin);
        try {
            door = opening.join();
        } catch (CompletionException e) {
            LOG.warn(
                    "no other process can take over: {}",
                    e.getCause() == null ? e : e.getCause().getMessage());
        }
    }

    boolean isHandedOver() {
        return handedOver;
    }

    void close() {
        if (door != null) {
            door.close(handedOver).join();
            door = null;
        }
    }

    @Override
    public @Nullable String obstacle(List<PortName> ports) {
        Set<String> ours = new TreeSet<>();
        Parts.names(running.get()).forEach(port -> ours.add(port.toString()));
        Set<String> theirs = new TreeSet<>();
        ports.forEach(port -> theirs.add(port.toString()));
        if (!ours.equals(theirs)) {
            return "the back-end that runs has other ports; start with the same arguments";
        }
        if (!Parts.await(parts.state().isSettled(parts.control()))) {
            return "guests are still coming back after a crash; try again in a moment";
        }
        String arriving = arriving();
        return arriving == null ? obstacle(running.get()) : arriving;
    }

    /** Whoever takes over could not be told of page faults. */
    private @Nullable String arriving() {
        boolean any =
                parts.endpoints().stream().map(endpoint -> endpoint.handover().isGuestArriving()).toList().stream()
                        .anyMatch(Parts::await);
        return any ? "a guest is arriving by post-copy; try again in a moment" : null;
    }

    /** Why a back-end with these options cannot be handed over; null if it can. */
    static @Nullable String obstacle(BackendOptions options) {
        for (PortOptions port : options.ports()) {
            switch (port) {
                case PortOptions.Guest guest -> {
                    if (PassedSockets.ofThisProcess().has(guest.options().socket())) {
                        return "port " + port.name() + " has a socket that was passed to its process; restart";
                    }
                }
                case PortOptions.Tap tap -> {}
                case PortOptions.Loopback loopback -> {}
                default -> {
                    return "port " + port.name() + " cannot be handed over, only guests, taps and loopbacks; restart";
                }
            }
        }
        return null;
    }

    @Override
    public PassedState describe(SentFds fds) {
        return state(0, fds);
    }

    @Override
    public void rehearse() {
        warming.run();
    }

    /** @param pausedNanos 0 in a rehearsal, which stops nothing */
    private PassedState state(long pausedNanos, SentFds fds) {
        boolean paused = pausedNanos != 0;
        List<CompletableFuture<PassedPort>> described = parts.endpoints().stream()
                .map(GuestEndpoint::handover)
                .map(port -> paused ? port.stopAndDescribe(fds) : port.describe(fds))
                .toList();
        List<PassedPort> ports = described.stream().map(Parts::await).toList();
        List<PassedState.PassedTap> taps = new ArrayList<>();
        for (OpenPort port : parts.ports().ports()) {
            if (port.resource() instanceof TapPort tap) {
                taps.add(new PassedState.PassedTap(port.name(), tap.interfaceName(), fds.addAll(tap.descriptors())));
            }
        }
        return new PassedState(
                PassedState.VERSION,
                PassedState.READABLE_FROM,
                pausedNanos,
                fds.add(door == null ? null : door.fd()),
                ports,
                taps,
                paused ? addresses() : List.of(),
                paused ? meters() : List.of(),
                paused ? parts.counters().values() : Map.of());
    }

    @Override
    public PassedState pause(SentFds fds) {
        if (!changes.tryLock()) {
            throw new HandoverException("the ports of the back-end that runs are being changed; try again");
        }
        boolean paused = false;
        try {
            parts.each(PortHandover::freeze);
            String arriving = arriving(); // it may have begun to after it was looked at first
            if (arriving != null) {
                throw new HandoverException(arriving);
            }
            long pausedNanos = System.nanoTime();
            parts.hold(true);
            PassedState state = state(pausedNanos, fds);
            paused = true;
            return state;
        } finally {
            if (!paused) {
                goOn();
            }
        }
    }

    private List<PassedState.Address> addresses() {
        long now = System.nanoTime();
        return parts.tables().stream()
                .flatMap(table -> table.entries(now).stream())
                .map(seen -> new PassedState.Address(seen.mac(), seen.vlan(), seen.port(), now - seen.ageNanos()))
                .toList();
    }

    private List<PassedState.Meters> meters() {
        return parts.tables().stream()
                .flatMap(table -> table.meters().entrySet().stream())
                .map(of -> new PassedState.Meters(
                        of.getKey(),
                        of.getValue().usedUpToNanos(),
                        of.getValue().addresses()))
                .toList();
    }

    @Override
    public void goOn() {
        parts.each(PortHandover::goOn);
        parts.hold(false);
        parts.each(PortHandover::thaw);
        changes.unlock();
        LOG.info("the hand-over was broken off: this process serves on");
    }

    @Override
    public void letGo() {
        parts.each(PortHandover::leaveRecords);
    }

    @Override
    public void takeBack() {
        pauseForKernel();
        parts.state().expectPorts(parts.endpoints().size());
        parts.each(PortHandover::takeBack);
        parts.hold(false);
        parts.each(PortHandover::release);
        parts.each(PortHandover::thaw);
        changes.unlock();
        LOG.warn("the process that took over has died: this one serves on");
    }

    /** The kernel closes a dead process's socket, which was seen, and its files, whose locks this one needs, one by one. */
    private static void pauseForKernel() {
        try {
            Thread.sleep(LOCKS_GONE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void handedOver(int byProcessId) {
        parts.each(PortHandover::leave);
        handedOver = true;
        LOG.info("process {} serves everything now", byProcessId);
        new HandOverEvent("gave", "to process " + byProcessId).commit();
        onHandedOver.run();
    }
}
