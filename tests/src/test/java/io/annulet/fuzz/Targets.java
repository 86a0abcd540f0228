package io.annulet.fuzz;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The targets by name; immutable. */
final class Targets {

    /**
     * @param about for the list of targets, one line
     * @param newTarget a fresh one for each run and thread
     */
    record Entry(String name, String about, Supplier<Target> newTarget) {}

    static final String CANARY = "canary";

    private static final List<Entry> ALL = List.of(
            new Entry("split-ring", "descriptor chains and indexes of split rings", SplitRingTarget::new),
            new Entry("packed-ring", "descriptor chains and flags of packed rings", PackedRingTarget::new),
            new Entry("memory-table", "memory tables, and addresses looked up in them", MemoryTableTarget::new),
            new Entry("iotlb", "I/O addresses told, taken back and looked up", IotlbTarget::new),
            new Entry("forward", "frames with hostile headers into hostile buffers", ForwardTarget::new),
            new Entry("source-rule", "frames of a port that is held to its addresses", SourceRuleTarget::new),
            new Entry("control-queue", "commands, and the chains that they lie in", ControlQueueTarget::new),
            new Entry(
                    "dirty-log", "what is written while a guest moves, and what is logged of it", DirtyLogTarget::new),
            new Entry("inflight", "what was in flight, as memory of the front-end's tells", InflightTarget::new),
            new Entry(CANARY, "a ring reader with a planted bug, which must be found", CanaryTarget::new));

    private Targets() {}

    static List<Entry> all() {
        return ALL;
    }

    /** Those that have to hold. */
    static List<Entry> sound() {
        return ALL.stream().filter(entry -> !entry.name().equals(CANARY)).toList();
    }

    static Entry named(String name) {
        return ALL.stream()
                .filter(entry -> entry.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no target " + name + "; there are: "
                        + ALL.stream().map(Entry::name).collect(Collectors.joining(", "))));
    }
}
