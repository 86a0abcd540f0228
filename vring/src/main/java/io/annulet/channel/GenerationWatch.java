package io.annulet.channel;

import io.annulet.linux.KernelEvents;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells when the kernel says that this machine is a copy, or was set back: its virtual machine's generation id has changed.
 * A thread of its own waits for that; closed by any thread.
 *
 * <p>Linux tells by an event of the device with {@code NEW_VMGENID=1} (drivers/virt/vmgenid.c), where it has that driver and
 * the hypervisor that device. There is no other way to ask: the id itself is shown nowhere.
 */
public final class GenerationWatch implements AutoCloseable {
    private static final String NEW_GENERATION = "NEW_VMGENID=1";
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final @Nullable KernelEvents events;
    private final Runnable onNew;
    private final Thread thread = new Thread(this::run, "generation-watch");
    private volatile boolean closed;

    private GenerationWatch(@Nullable KernelEvents events, Runnable onNew) {
        this.events = events;
        this.onNew = onNew;
        thread.setDaemon(true);
    }

    /** Watches from now on. Where the kernel lets nobody listen, nothing is ever told. */
    public static GenerationWatch start(Runnable onNew) {
        GenerationWatch watch = new GenerationWatch(KernelEvents.listen().orElse(null), onNew);
        watch.thread.start();
        return watch;
    }

    private void run() {
        KernelEvents open = events;
        while (open != null && !closed) {
            if (isNew(open.next(WAIT_NANOS))) {
                onNew.run();
            }
        }
    }

    /** Whether an event says so, or may have: a handshake too many costs little. */
    static boolean isNew(List<String> event) {
        return event.equals(KernelEvents.LOST) || event.contains(NEW_GENERATION);
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (events != null) {
            events.close();
        }
    }
}
