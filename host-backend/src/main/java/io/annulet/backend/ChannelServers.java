package io.annulet.backend;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.control.FdStore;
import io.annulet.backend.control.HolderFdStore;
import io.annulet.backend.control.IvshmemOptions;
import io.annulet.backend.control.IvshmemServer;
import io.annulet.backend.control.ServiceManagerFdStore;
import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The memory of channels, served to guests and processes; started and closed by any thread, one at a time. It moves no
 * frames and so has a control loop of its own and no worker.
 */
public final class ChannelServers implements AutoCloseable {
    /** In the place of a holder's socket: the service manager's own store. */
    public static final Path SERVICE_MANAGER = Path.of("systemd");

    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final List<IvshmemOptions> options;
    private final @Nullable Path holder;
    private final List<IvshmemServer> servers = new ArrayList<>();
    private @Nullable ControlLoop loop;
    private @Nullable FdStore store;

    /**
     * @param holder the socket of a process that keeps the descriptors when this one ends, or {@link #SERVICE_MANAGER}; null
     *     for none
     */
    public ChannelServers(List<IvshmemOptions> options, @Nullable Path holder) {
        this.options = List.copyOf(options);
        this.holder = holder;
        long names = options.stream().map(IvshmemOptions::name).distinct().count();
        if (names < options.size()) {
            throw new IllegalArgumentException("a channel is named twice: use each name once");
        }
    }

    /**
     * Opens every channel; those that the holder knows go on where the process before left them.
     *
     * @throws BackendException if one cannot be opened
     */
    public synchronized void start() {
        FdStore where = openStore();
        store = where;
        Map<String, Fd> kept = new TreeMap<>(where.restore());
        ControlLoop control = new ControlLoop();
        loop = control;
        boolean isStarted = false;
        try {
            for (IvshmemOptions channel : options) {
                IvshmemServer server = new IvshmemServer(channel, control, where);
                servers.add(server);
                await(server.start(kept), "open channel " + channel.name());
            }
            isStarted = true;
        } finally {
            kept.values().forEach(Fd::close);
            if (!isStarted) {
                close();
            }
        }
    }

    /** Calls {@code alive} on the thread of the channels, again and again, while there is one that works. */
    public synchronized void pulse(Duration period, Runnable alive) {
        if (loop != null) {
            loop.every(period, alive);
        }
    }

    private FdStore openStore() {
        if (holder == null) {
            return FdStore.NONE;
        }
        return holder.equals(SERVICE_MANAGER) ? openServiceManager() : connectHolder(holder);
    }

    private static FdStore openServiceManager() {
        try {
            return ServiceManagerFdStore.of(
                    System.getenv(), ProcessHandle.current().pid());
        } catch (IllegalStateException | LinuxException e) {
            throw new BackendException(
                    e.getMessage()
                            + ": run it as a service with FileDescriptorStoreMax=, or start annulet channel hold",
                    e);
        }
    }

    private static FdStore connectHolder(Path holder) {
        try {
            return HolderFdStore.connect(holder);
        } catch (LinuxException e) {
            throw new BackendException(
                    "no holder of descriptors at " + holder + ": start annulet channel hold " + holder, e);
        }
    }

    private static void await(CompletableFuture<Void> future, String action) {
        try {
            future.get(START_NANOS, TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new BackendException(action + ": " + (cause == null ? e : cause).getMessage(), cause);
        } catch (TimeoutException e) {
            throw new BackendException(action + ": no answer in time; the log may say why", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BackendException(action + ": interrupted", e);
        }
    }

    @Override
    public synchronized void close() {
        CompletableFuture<?>[] ends = servers.stream().map(IvshmemServer::close).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(ends).get(CLOSE_NANOS, TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new BackendException("channels did not close: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        servers.clear();
        if (loop != null) {
            loop.close();
            loop = null;
        }
        if (store != null) {
            store.close();
            store = null;
        }
    }
}
