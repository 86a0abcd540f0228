package io.annulet.cli.config;

import io.annulet.backend.BackendOptions;
import io.annulet.backend.LinkOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.api.ApiOptions;
import io.annulet.backend.control.IvshmemOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.linux.Cpus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What {@code annulet run} is told, by its command line or by a file; immutable. Null is what was not said.
 *
 * @param workers 1 or more
 * @param state {@link #NO_STATE} to keep nothing
 */
public record RunSettings(
        List<PortOptions> ports,
        List<LinkOptions> links,
        List<IvshmemOptions> channels,
        @Nullable Path holder,
        @Nullable Integer workers,
        @Nullable String cpus,
        @Nullable PollMode poll,
        @Nullable Path counters,
        @Nullable Path state,
        @Nullable Long crashWaitMillis,
        @Nullable ApiOptions api,
        @Nullable LogOptions log,
        @Nullable Boolean sandbox) {

    /** Ports that may be added to a back-end that can be changed while it runs. */
    private static final int MORE_PORTS = 32;

    private static final Path NO_STATE = Path.of("none");

    public static final RunSettings NONE = new RunSettings(
            List.of(), List.of(), List.of(), null, null, null, null, null, null, null, null, null, null);

    public RunSettings {
        ports = List.copyOf(ports);
        links = List.copyOf(links);
        channels = List.copyOf(channels);
        if (workers != null && (workers < 1 || workers > BackendOptions.MAX_WORKERS)) {
            throw new IllegalArgumentException("workers " + workers + ": 1 to " + BackendOptions.MAX_WORKERS);
        }
    }

    /** These and the others together; where both say something that can be said once, these count. */
    public RunSettings over(RunSettings others) {
        return new RunSettings(
                together(others.ports, ports),
                together(others.links, links),
                together(others.channels, channels),
                holder != null ? holder : others.holder,
                workers != null ? workers : others.workers,
                cpus != null ? cpus : others.cpus,
                poll != null ? poll : others.poll,
                counters != null ? counters : others.counters,
                state != null ? state : others.state,
                crashWaitMillis != null ? crashWaitMillis : others.crashWaitMillis,
                api != null ? api : others.api,
                log != null ? log : others.log,
                sandbox != null ? sandbox : others.sandbox);
    }

    private static <T> List<T> together(List<T> first, List<T> then) {
        List<T> all = new ArrayList<>(first);
        all.addAll(then);
        return all;
    }

    /**
     * What a back-end is told.
     *
     * @param isChangeable whether there may be other ports later, and none at first
     */
    public BackendOptions backendOptions(boolean isChangeable) {
        Path where = state == null ? CountersPaths.directory() : state;
        return new BackendOptions(
                ports,
                links,
                workers == null ? 0 : workers,
                processors(),
                poll == null ? PollMode.ADAPTIVE : poll,
                counters,
                where.equals(NO_STATE) ? null : where,
                crashWaitMillis == null ? BackendOptions.CRASH_WAIT : Duration.ofMillis(Math.max(0, crashWaitMillis)),
                isChangeable ? MORE_PORTS : 0);
    }

    private BitSet processors() {
        if (cpus == null) {
            return new BitSet();
        }
        BitSet wanted = Cpus.parse(cpus);
        BitSet lacking = (BitSet) wanted.clone();
        BitSet available = Cpus.available();
        lacking.andNot(available);
        if (!lacking.isEmpty()) {
            throw new IllegalArgumentException("cpu " + cpus + ": this process may not run on " + Cpus.format(lacking)
                    + "; there are " + Cpus.format(available));
        }
        return wanted;
    }

    /** What cannot change while it runs, beside what the back-end itself has. */
    public boolean hasSameSurroundings(RunSettings others) {
        return channels.equals(others.channels)
                && Objects.equals(holder, others.holder)
                && Objects.equals(api, others.api)
                && Objects.equals(sandbox, others.sandbox);
    }
}
