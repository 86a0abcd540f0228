package io.annulet.backend.control;

import io.annulet.linux.Limits;
import io.annulet.memory.GuestMemory;

/**
 * What this process may have of descriptors and mappings, shared out among ports for guests, so that no front-end can use
 * up what others, or the process itself, need. Used by one thread at a time, when ports are opened and closed.
 *
 * <p>Each port gets as many as its front-end could ever use, if there are enough for all ports, and for some that may be
 * added; else an equal part, and it is refused if that is too little to serve a guest.
 */
public final class PortBudget {

    /** Descriptors that are no session's: of the JVM, sockets, taps, counters, event loops, and of messages on their way. */
    static final int OWN_DESCRIPTORS = 256;

    /** Likewise mappings: of heap, code, thread stacks and libraries. */
    static final int OWN_MAPPINGS = 4096;

    /** Ports that may be added while the process runs. */
    static final int SPARE_PORTS = 16;

    /** A guest of few regions, as all front-ends begin. */
    private static final int FEWEST_REGIONS = 8;

    private static final int DESCRIPTORS_A_RING = 3;

    /** A channel for requests of ours, a log of written pages, and one on its way. */
    private static final int OTHER_DESCRIPTORS = 3;

    private final long openFiles;
    private long descriptorsLeft;
    private long mappingsLeft;
    private final long fairDescriptors;
    private final long fairMappings;

    /**
     * @param openFiles the limit of descriptors of this process
     * @param mappings likewise of mappings
     * @param ports for guests at the start
     */
    PortBudget(long openFiles, long mappings, int ports) {
        this.openFiles = openFiles;
        descriptorsLeft = openFiles - OWN_DESCRIPTORS;
        mappingsLeft = mappings - OWN_MAPPINGS;
        fairDescriptors = descriptorsLeft / (ports + SPARE_PORTS);
        fairMappings = mappingsLeft / (ports + SPARE_PORTS);
    }

    /** Of this process, as its limits are now. */
    public static PortBudget ofThisProcess(int ports) {
        return new PortBudget(Limits.openFiles().soft(), Limits.mappings(), ports);
    }

    /** As many as a session with so many rings can use. */
    static int mostDescriptors(int rings) {
        return GuestMemory.MAX_REGIONS + DESCRIPTORS_A_RING * rings + OTHER_DESCRIPTORS;
    }

    private static int fewestDescriptors(int rings) {
        return FEWEST_REGIONS + DESCRIPTORS_A_RING * rings + OTHER_DESCRIPTORS;
    }

    /**
     * Sets a port's share aside.
     *
     * @throws IllegalArgumentException if there is none left that would do; its message is one line that says what to change
     */
    public ControlLimits take(VhostUserOptions port) {
        int rings = 2 * port.queuePairs() + (port.isGeneric() ? 1 : 0);
        int fewest = fewestDescriptors(rings);
        long descriptors =
                Math.min(Math.min(mostDescriptors(rings), Math.max(fairDescriptors, fewest)), descriptorsLeft);
        long regions =
                Math.min(Math.min(GuestMemory.MAX_REGIONS, Math.max(fairMappings, FEWEST_REGIONS)), mappingsLeft);
        if (descriptors < fewest) {
            throw new IllegalArgumentException("no file descriptors are left for it: it needs " + fewest + ", of "
                    + openFiles + " for this process; raise the limit (ulimit -n " + 2 * openFiles + ", LimitNOFILE=)");
        }
        if (regions < FEWEST_REGIONS) {
            throw new IllegalArgumentException(
                    "no mappings are left for it: raise the limit (sysctl vm.max_map_count)");
        }
        descriptorsLeft -= descriptors;
        mappingsLeft -= regions;
        ControlLimits limits =
                ControlLimits.DEFAULTS.withDescriptors((int) descriptors).withRegions((int) regions);
        return port.memoryBytes() == 0 ? limits : limits.withMemoryBytes(port.memoryBytes());
    }

    /** A port that had these is closed. */
    public void giveBack(ControlLimits limits) {
        descriptorsLeft += limits.descriptors();
        mappingsLeft += limits.regions();
    }
}
