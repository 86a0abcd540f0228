package io.annulet.backend.data;

import io.annulet.backend.policy.PortLimits;
import io.annulet.backend.policy.PortMeters;
import io.annulet.backend.policy.PortPolicy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the workers of one switch know in common: where addresses are, the number that stands for each port, and what each
 * port may do. Workers read policies when they are told to; any other thread may change and read all of it.
 *
 * <p>Addresses in VLANs have a table of their own, so that those in none are found as if there were no VLANs.
 */
public final class SwitchTable {

    static final int CAPACITY = 8192;
    static final long AGE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final MacTable addresses;
    private final MacTable vlanAddresses;
    private final long ageNanos;
    private final Map<String, PortPolicy> policies = new ConcurrentHashMap<>();
    private final Map<String, PortMeters> meters = new ConcurrentHashMap<>();
    private final Map<String, Integer> portIds = new HashMap<>();

    /**
     * An address, and where it was seen last.
     *
     * @param mac in memory order in the low 48 bits
     * @param vlan 0 for none
     */
    public record Entry(long mac, int vlan, String port, long ageNanos) {}

    public SwitchTable() {
        this(Map.of());
    }

    /** @param policies by the names of their ports; other ports may do everything */
    public SwitchTable(Map<String, PortPolicy> policies) {
        this(CAPACITY, AGE_NANOS, policies);
    }

    SwitchTable(int capacity, long ageNanos, Map<String, PortPolicy> policies) {
        this.addresses = new MacTable(capacity, ageNanos);
        this.vlanAddresses = new MacTable(capacity, ageNanos);
        this.ageNanos = ageNanos;
        policies.forEach(this::policy);
    }

    MacTable addresses() {
        return addresses;
    }

    MacTable vlanAddresses() {
        return vlanAddresses;
    }

    PortPolicy policy(String port) {
        return policies.getOrDefault(port, PortPolicy.NONE);
    }

    /**
     * Says what a port may do. Workers that have the port already are told by {@link WorkerProxy#changePolicy} after. A
     * port whose limits stay goes on with what it has used of them.
     */
    public void policy(String port, PortPolicy policy) {
        PortPolicy before = policies.put(port, policy);
        PortLimits limits = policy.limits();
        if (limits.equals(PortLimits.NONE)) {
            meters.remove(port);
        } else if (before == null || !before.limits().equals(limits)) {
            meters.put(port, new PortMeters(limits, ageNanos));
        }
    }

    /** What a port has used of its limits, for all workers; null if it has none. */
    @Nullable
    PortMeters meters(String port) {
        return meters.get(port);
    }

    /** Learns an address, as {@link Entry} has it, of a port that is there; while no worker works the switch. */
    public synchronized void learn(long mac, int vlan, String port, long seenNanos) {
        Integer id = portIds.get(port);
        if (id != null) {
            (vlan == 0 ? addresses : vlanAddresses).learn(MacTable.key(mac, vlan), id, seenNanos);
        }
    }

    /** What ports have used of their limits, by their names. */
    public Map<String, PortMeters> meters() {
        return Map.copyOf(meters);
    }

    /** The same for all workers: a port has one name, wherever it is worked. */
    synchronized int portId(String port) {
        Integer known = portIds.get(port);
        if (known != null) {
            return known;
        }
        int free = 0;
        while (portIds.containsValue(free)) {
            free++;
        }
        if (free > MacTable.MAX_PORT_ID) {
            throw new IllegalStateException("a switch has " + free + " ports");
        }
        portIds.put(port, free);
        return free;
    }

    /** All workers have left a port: its number may stand for another one. */
    public synchronized void forget(String port) {
        policies.remove(port);
        meters.remove(port);
        Integer id = portIds.remove(port);
        if (id != null) {
            addresses.forget(id);
            vlanAddresses.forget(id);
        }
    }

    /** Addresses that frames are sent by, as they are at this moment. */
    public synchronized List<Entry> entries(long nowNanos) {
        Map<Integer, String> names = new HashMap<>();
        portIds.forEach((name, id) -> names.put(id, name));
        return Stream.concat(addresses.entries(nowNanos, names), vlanAddresses.entries(nowNanos, names))
                .toList();
    }
}
