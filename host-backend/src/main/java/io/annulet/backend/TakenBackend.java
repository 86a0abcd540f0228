package io.annulet.backend;

import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.PortHandover;
import io.annulet.backend.events.HandOverEvent;
import io.annulet.backend.handover.HandoverException;
import io.annulet.backend.handover.PassedPort;
import io.annulet.backend.handover.PassedState;
import io.annulet.backend.handover.TakenFds;
import io.annulet.backend.handover.Taking;
import io.annulet.backend.policy.PortMeters;
import io.annulet.backend.port.HostAccess;
import io.annulet.backend.port.TapPort;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Fd;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What another process serves and this one takes over; used by the thread that starts the back-end. */
final class TakenBackend implements AutoCloseable {

    private final Taking taking;
    private final Map<String, PassedState.PassedTap> taps;
    private @Nullable Fd door;
    private int ports;
    private double pauseMillis;

    TakenBackend(Taking taking) {
        this.taking = taking;
        this.taps = taking.rehearsal().state().taps().stream()
                .collect(Collectors.toMap(PassedState.PassedTap::name, Function.identity()));
    }

    /** Opens the tap of a port, or goes on with that of the process before, which is the same from the rehearsal on. */
    static List<TapPort> openTap(
            @Nullable TakenBackend taken,
            PortOptions.Tap tap,
            int home,
            List<PortCounters> counters,
            HostAccess access) {
        return taken == null
                ? TapPort.openShared(tap.name(), tap.options(), home, counters, access)
                : taken.openTap(tap, home, counters);
    }

    private List<TapPort> openTap(PortOptions.Tap tap, int home, List<PortCounters> counters) {
        PassedState.PassedTap passed = taps.get(tap.name());
        if (passed == null) {
            throw new HandoverException("the back-end that runs has no tap for port " + tap.name());
        }
        TakenFds fds = taking.rehearsal().fds();
        List<Fd> queues = passed.queues().stream().map(fds::takeOne).toList();
        return TapPort.inherit(tap.name(), tap.options(), passed.interfaceName(), queues, home, counters);
    }

    /** Takes everything over, once all ports are open with their workers held. What fails before it is ours changes nothing. */
    void finish(Parts parts) {
        Taking.Taken taken = taking.commit();
        try (TakenFds fds = taken.fds()) {
            PassedState state = taken.state();
            door = fds.take(state.door());
            restore(parts, state, fds);
            ports = parts.ports().ports().size();
            taking.ready();
            parts.each(port -> port.openRecords().thenCompose(done -> port.goOn()));
            goOnCounting(parts, state);
            parts.hold(false);
            pauseMillis = (System.nanoTime() - state.pausedNanos()) / (double) TimeUnit.MILLISECONDS.toNanos(1);
            taking.started();
            parts.each(PortHandover::thaw);
        }
        new HandOverEvent("took", toString()).commit();
    }

    private static void restore(Parts parts, PassedState state, TakenFds fds) {
        Map<String, PassedPort> ports =
                state.ports().stream().collect(Collectors.toMap(PassedPort::name, Function.identity()));
        List<CompletableFuture<Void>> restored = new ArrayList<>();
        for (GuestEndpoint endpoint : parts.endpoints()) {
            PassedPort port = ports.get(endpoint.options().name());
            if (port == null) {
                throw new HandoverException("the back-end that runs has no port "
                        + endpoint.options().name());
            }
            restored.add(endpoint.handover().restore(port, fds));
        }
        Parts.all(restored);
    }

    private static void goOnCounting(Parts parts, PassedState state) {
        parts.counters().addValues(state.counters());
        for (PassedState.Address address : state.addresses()) {
            parts.tables()
                    .forEach(table ->
                            table.learn(address.address(), address.vlan(), address.port(), address.seenNanos()));
        }
        Map<String, PortMeters> meters = new HashMap<>();
        parts.tables().forEach(table -> meters.putAll(table.meters()));
        for (PassedState.Meters of : state.meters()) {
            PortMeters ours = meters.get(of.port());
            if (ours != null) {
                ours.goOnFrom(of.usedUpToNanos(), of.addresses());
            }
        }
    }

    /** The socket at which the next hand-over is asked for; once. */
    @Nullable
    Fd door() {
        Fd taken = door;
        door = null;
        return taken;
    }

    /** What was done, for the log. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "took over %d ports, pause %.1f ms", ports, pauseMillis);
    }

    @Override
    public void close() {
        if (door != null) {
            door.close();
        }
        taking.close();
    }
}
