package io.annulet.backend.port;

import io.annulet.backend.stats.PortCounters;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;

/** Counters in plain memory, made for ports and read by tests. */
public final class TestCounters {

    private static final int VALUES_BYTES = 128 * 1024;

    private final CountersManager manager = new CountersManager(
            new UnsafeBuffer(ByteBuffer.allocateDirect(4 * VALUES_BYTES)),
            new UnsafeBuffer(ByteBuffer.allocateDirect(VALUES_BYTES)));
    private final Map<String, PortCounters> made = new HashMap<>();

    /** The counters of a port: the same for ports of the same name, one after the other. */
    public PortCounters of(String port) {
        return made.computeIfAbsent(port, name -> new PortCounters(manager, name));
    }

    /** The counter called "port what"; what was never counted is no counter. */
    public long get(String port, String what) {
        long[] found = {-1};
        manager.forEach((value, id, label) -> {
            if (label.equals(port + " " + what)) {
                found[0] = value;
            }
        });
        if (found[0] < 0) {
            throw new AssertionError("no counter " + port + " " + what);
        }
        return found[0];
    }
}
