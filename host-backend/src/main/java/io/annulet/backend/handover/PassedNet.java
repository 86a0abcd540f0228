package io.annulet.backend.handover;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a driver has said by its control queue; immutable.
 *
 * @param modes a bit for each receive mode, by its command's number
 * @param announces whether the driver is asked to announce its addresses
 * @param mac six bytes in memory order in the low 48 bits
 * @param vlans a bit for each, in words of 64
 * @param guestOffloads that the driver takes at present
 * @param steering null if it is left to the device
 */
public record PassedNet(
        int modes,
        boolean linkIsDown,
        boolean announces,
        long mac,
        List<Long> unicast,
        List<Long> groups,
        boolean tooManyUnicast,
        boolean tooManyGroups,
        List<Long> vlans,
        int queuePairs,
        long guestOffloads,
        @Nullable Spread steering,
        List<Calls> calls,
        long commands,
        long commandsDone) {

    public PassedNet {
        unicast = PassedState.orNothing(unicast);
        groups = PassedState.orNothing(groups);
        vlans = PassedState.orNothing(vlans);
        calls = PassedState.orNothing(calls);
    }

    /**
     * How flows are told apart and spread.
     *
     * @param key in hexadecimal digits
     * @param pairs empty if only hashes are told
     */
    public record Spread(int types, String key, List<Integer> pairs, int otherwise) {
        public Spread {
            pairs = PassedState.orNothing(pairs);
        }
    }

    /** When the driver wants to be called for a queue. */
    public record Calls(int queue, long frames, long micros) {}
}
