package io.annulet.backend.data;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What the workers of one switch know in common: where addresses are, and the number that stands for each port. */
public final class SwitchTable {

    static final int CAPACITY = 8192;
    static final long AGE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final MacTable addresses;
    private final Map<String, Integer> portIds = new HashMap<>();

    public SwitchTable() {
        this(CAPACITY, AGE_NANOS);
    }

    SwitchTable(int capacity, long ageNanos) {
        addresses = new MacTable(capacity, ageNanos);
    }

    MacTable addresses() {
        return addresses;
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
