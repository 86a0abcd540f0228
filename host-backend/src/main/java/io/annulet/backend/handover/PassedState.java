package io.annulet.backend.handover;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a back-end passes on; immutable. Descriptors are numbers in the list that goes with it, {@link #NO_FD} for none.
 *
 * <p>It is written as JSON. A later version may add fields, which an earlier one passes over, and which are missing, as 0,
 * false, nothing or null, in what an earlier one wrote. Whatever changes the meaning of a field raises {@link #READABLE_FROM}.
 *
 * @param version of the program's format that wrote it
 * @param readableFrom the lowest version that understands it
 * @param pausedNanos when frames stopped to move, by the machine's monotonic clock; 0 in a rehearsal
 * @param door the socket at which the next hand-over is asked for
 * @param counters values by their labels, those of several workers added up
 */
public record PassedState(
        int version,
        int readableFrom,
        long pausedNanos,
        int door,
        List<PassedPort> ports,
        List<PassedTap> taps,
        List<Address> addresses,
        List<Meters> meters,
        Map<String, Long> counters) {

    /** What this program writes. */
    public static final int VERSION = 1;

    /** The earliest version that understands what this program writes. */
    public static final int READABLE_FROM = 1;

    /** In the place of a descriptor. */
    public static final int NO_FD = -1;

    public PassedState {
        ports = orNothing(ports);
        taps = orNothing(taps);
        addresses = orNothing(addresses);
        meters = orNothing(meters);
        counters = counters == null ? Map.of() : Map.copyOf(counters);
    }

    static <T> List<T> orNothing(@Nullable List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    /**
     * A tap, with the state of its interface untouched.
     *
     * @param queues a descriptor for each queue
     */
    public record PassedTap(String name, String interfaceName, List<Integer> queues) {
        public PassedTap {
            queues = orNothing(queues);
        }
    }

    /**
     * Where the switch saw an address.
     *
     * @param address in memory order, in the low 48 bits
     * @param vlan 0 for none
     * @param seenNanos by the machine's monotonic clock
     */
    public record Address(long address, int vlan, String port, long seenNanos) {}

    /**
     * What a port has used of its limits.
     *
     * @param usedUpToNanos of each rate, in the order of {@link io.annulet.backend.policy.PortMeters}; 0 where there is none
     * @param addresses that it uses, with their VLANs, each followed by when it was seen
     */
    public record Meters(String port, List<Long> usedUpToNanos, List<Long> addresses) {
        public Meters {
            usedUpToNanos = orNothing(usedUpToNanos);
            addresses = orNothing(addresses);
        }
    }
}
