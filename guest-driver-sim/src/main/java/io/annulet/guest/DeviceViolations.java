package io.annulet.guest;

import java.util.EnumMap;
import java.util.Map;

/** Counts what a device did against the rules; owned by the thread of its queue. */
public final class DeviceViolations {

    private final Map<DeviceViolation, Long> counts = new EnumMap<>(DeviceViolation.class);

    void add(DeviceViolation kind) {
        counts.merge(kind, 1L, Long::sum);
    }

    public long count(DeviceViolation kind) {
        return counts.getOrDefault(kind, 0L);
    }

    public long total() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public String toString() {
        return counts.toString();
    }
}
