package io.annulet.backend.data;

import io.annulet.backend.policy.PortLimits;
import io.annulet.backend.policy.PortMeters;
import io.annulet.backend.policy.PortPolicy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the workers of one switch know in common: where addresses are, the number that stands for each port, and what each
 * port may do.
 *
 * <p>Addresses in VLANs have a table of their own, so that those in none are found as if there were no VLANs.
 */
public final class SwitchTable {

    static final int CAPACITY = 8192;
    static final long AGE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final MacTable addresses;
    private final MacTable vlanAddresses;
    private final Map<String, PortPolicy> policies;
    private final Map<String, PortMeters> meters;
    private final Map<String, Integer> portIds = new HashMap<>();

    public SwitchTable() {
        this(Map.of());
    }

    /** @param policies by the names of their ports; other ports may do everything */
    public SwitchTable(Map<String, PortPolicy> policies) {
        this(CAPACITY, AGE_NANOS, policies);
    }

    SwitchTable(int capacity, long ageNanos, Map<String, PortPolicy> policies) {
        addresses = new MacTable(capacity, ageNanos);
        vlanAddresses = new MacTable(capacity, ageNanos);
        this.policies = Map.copyOf(policies);
        this.meters = new HashMap<>();
        policies.forEach((port, policy) -> {
            if (!policy.limits().equals(PortLimits.NONE)) {
                meters.put(port, new PortMeters(policy.limits(), ageNanos));
            }
        });
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

    /** What a port has used of its limits, for all workers; null if it has none. */
    @Nullable
    PortMeters meters(String port) {
        return meters.get(port);
    }

    /** The same for all workers: a port has one name, wherever it is worked. */
    synchronized int portId(String port) {
        int next = portIds.size();
        if (next > MacTable.MAX_PORT_ID) {
            throw new IllegalStateException("a switch has seen " + next + " ports");
        }
        return portIds.computeIfAbsent(port, name -> next);
    }
}
