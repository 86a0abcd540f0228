package io.annulet.guest.traffic;

import io.annulet.guest.DeviceViolation;
import io.annulet.guest.DeviceViolations;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.EnumMap;
import java.util.Map;

/**
 * One guest, and what its back-end did against the rules.
 *
 * @param features acknowledged
 * @param violations how often of each kind, in all its queues since it was connected
 */
public record StationReport(String name, long features, int ringSize, Map<DeviceViolation, Long> violations) {

    static StationReport of(Station station) {
        SimulatedGuest guest = station.guest();
        Map<DeviceViolation, Long> all = new EnumMap<>(DeviceViolation.class);
        for (int pair = 0; pair < guest.driver().queuePairs(); pair++) {
            add(all, guest.receiveQueue(pair).violations());
            add(all, guest.transmitQueue(pair).violations());
        }
        int ringSize = guest.driver().vrings().getFirst().ring().size();
        return new StationReport(station.name(), guest.features(), ringSize, Map.copyOf(all));
    }

    private static void add(Map<DeviceViolation, Long> all, DeviceViolations some) {
        for (DeviceViolation kind : DeviceViolation.values()) {
            if (some.count(kind) > 0) {
                all.merge(kind, some.count(kind), Long::sum);
            }
        }
    }

    public boolean isPacked() {
        return (features & VirtioFeature.RING_PACKED) != 0;
    }
}
