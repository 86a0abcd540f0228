package io.annulet.backend;

import io.annulet.backend.data.SwitchTable;
import io.annulet.backend.policy.PortMeters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a back-end knows of a port beside its guest's device, on its way to another one: its places in the switch, what it has
 * used of its limits, its counters; used by any thread. Times are told as how long ago, since two machines have two clocks.
 */
public final class PortMove {

    /**
     * What goes along.
     *
     * @param usedUpNanos for how long each rate is used up from now on, in the order of {@link PortMeters#usedUpToNanos};
     *     negative if that is past, or there is none
     * @param inUse addresses that are counted against the port's limit
     * @param counters by the names they have without the port's
     */
    public record State(
            List<Address> addresses, List<Long> usedUpNanos, List<Address> inUse, Map<String, Long> counters) {
        public State {
            addresses = List.copyOf(addresses);
            usedUpNanos = List.copyOf(usedUpNanos);
            inUse = List.copyOf(inUse);
            counters = Map.copyOf(counters);
        }
    }

    /**
     * An address that was seen behind the port.
     *
     * @param mac in memory order, in the low 48 bits
     * @param vlan 0 for none
     */
    public record Address(long mac, int vlan, long ageNanos) {}

    private static final long MAC_MASK = 0xffff_ffff_ffffL;
    private static final int VLAN_SHIFT = 48;

    private final Parts parts;
    private final ReentrantLock changes;

    /** @param changes held while ports are changed or handed over */
    PortMove(Parts parts, ReentrantLock changes) {
        this.parts = parts;
        this.changes = changes;
    }

    /**
     * As it is now. All workers rest for a moment meanwhile, since what a port has used of its limits is theirs.
     *
     * @throws BackendException if the back-end is being handed over
     */
    public State save(OpenPort port) {
        return resting(() -> read(port));
    }

    private <T> T resting(Supplier<T> step) {
        if (!changes.tryLock()) {
            throw new BackendException("another process is about to take over; ask that one", null);
        }
        try {
            parts.hold(true);
            return step.get();
        } finally {
            parts.hold(false);
            changes.unlock();
        }
    }

    private State read(OpenPort port) {
        long now = System.nanoTime();
        SwitchTable table = port.domain().table();
        List<Address> addresses = table == null
                ? List.of()
                : table.entries(now).stream()
                        .filter(entry -> entry.port().equals(port.name()))
                        .map(entry -> new Address(entry.mac(), entry.vlan(), entry.ageNanos()))
                        .toList();
        PortMeters meters = meters(port);
        List<Long> inUse = meters == null ? List.of() : meters.addresses();
        List<Address> limited = new ArrayList<>();
        for (int i = 0; i + 1 < inUse.size(); i += 2) {
            long key = inUse.get(i);
            limited.add(new Address(key & MAC_MASK, (int) (key >>> VLAN_SHIFT), now - inUse.get(i + 1)));
        }
        List<Long> usedUp = meters == null
                ? List.of()
                : meters.usedUpToNanos().stream()
                        .map(at -> at == 0 ? -1 : at - now)
                        .toList();
        return new State(addresses, usedUp, limited, counters(port.name()));
    }

    private static @Nullable PortMeters meters(OpenPort port) {
        SwitchTable table = port.domain().table();
        return table == null ? null : table.meters().get(port.name());
    }

    private Map<String, Long> counters(String port) {
        Map<String, Long> own = new HashMap<>();
        parts.counters().values().forEach((label, value) -> {
            if (label.startsWith(port + " ") && value != 0) {
                own.put(label.substring(port.length() + 1), value);
            }
        });
        return own;
    }

    /**
     * Has a port go on as another one stood, in addition to what it has itself. All workers rest for a moment meanwhile.
     *
     * @throws BackendException if the back-end is being handed over
     */
    public void load(OpenPort port, State state) {
        resting(() -> {
            CompletableFuture<Void> done = new CompletableFuture<>();
            parts.control()
                    .execute(
                            () -> { // where sessions and faults are counted
                                try {
                                    learn(port, state);
                                    Map<String, Long> counters = new HashMap<>();
                                    state.counters()
                                            .forEach((name, value) -> counters.put(port.name() + " " + name, value));
                                    parts.counters().addValues(counters);
                                    done.complete(null);
                                } catch (RuntimeException ours) {
                                    done.completeExceptionally(ours);
                                }
                            });
            return Parts.await(done);
        });
    }

    private static void learn(OpenPort port, State state) {
        long now = System.nanoTime();
        SwitchTable table = port.domain().table();
        if (table != null) {
            state.addresses().forEach(seen -> table.learn(seen.mac(), seen.vlan(), port.name(), now - seen.ageNanos()));
        }
        PortMeters meters = meters(port);
        if (meters != null) {
            List<Long> upTo = state.usedUpNanos().stream()
                    .map(left -> left <= 0 ? 0 : now + Math.min(left, TimeUnit.SECONDS.toNanos(1)))
                    .toList();
            List<Long> inUse = state.inUse().stream()
                    .flatMap(seen -> Stream.of(seen.mac() | (long) seen.vlan() << VLAN_SHIFT, now - seen.ageNanos()))
                    .toList();
            meters.goOnFrom(upTo, inUse);
        }
    }
}
