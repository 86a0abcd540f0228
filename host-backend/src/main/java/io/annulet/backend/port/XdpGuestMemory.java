package io.annulet.backend.port;

import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.LinuxException;
import io.annulet.linux.XdpProgram;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What of a guest's memory is registered for an XDP port's socket; changed by the control thread, carried out by a thread of
 * its own, since registering pins all of it, which takes a while.
 *
 * <p>The kernel registers memory for a socket once. So each change has the port leave its socket, which is closed, and
 * another one opened in its place; until the worker has that one, frames to the port are dropped as not ready, and what
 * comes goes to the host. Changes that come meanwhile are one.
 */
public final class XdpGuestMemory implements AutoCloseable {

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final XdpPort port;
    private final WorkerProxy worker;
    private final XdpLane.Making making;
    private final XdpProgram program;
    private final Background thread;

    /** The thread's. */
    private @Nullable XdpLane lane;

    private final Map<Long, XdpRegion> wanted = new HashMap<>();
    private final List<XdpRegion> unwanted = new ArrayList<>();
    private Consumer<String> onRefused = why -> {};
    private boolean isStopped;
    private boolean isChanged;

    XdpGuestMemory(XdpPort port, WorkerProxy worker, XdpLane.Making making, XdpProgram program, XdpLane first) {
        this.port = port;
        this.worker = worker;
        this.making = making;
        this.program = program;
        this.lane = first;
        this.thread = new Background("umem-" + port.name(), this::run);
        thread.start();
    }

    /** The name of the port. */
    public String port() {
        return port.name();
    }

    public PortCounters counters() {
        return port.counters();
    }

    /**
     * Registers a region soon.
     *
     * @param toTell called on any thread if it cannot be; frames from it are copied then
     */
    public synchronized void add(XdpRegion region, Consumer<String> toTell) {
        wanted.put(region.hostAddress(), region);
        onRefused = toTell;
        change();
    }

    /** Frames are not read in place any more, but those that are lent still are. */
    public synchronized void stopUsing() {
        isStopped = true;
        making.ranges().clear();
    }

    /** Takes a region out again: the worker has left it, so nothing of it is lent. It is let go of soon. */
    public synchronized void remove(long hostAddress) {
        XdpRegion region = wanted.remove(hostAddress);
        if (region != null) {
            making.ranges().remove(hostAddress);
            unwanted.add(region);
            isStopped &= !wanted.isEmpty();
            change();
        }
    }

    /** Opens another socket, from any thread: the port has left the one it had. */
    synchronized void renew() {
        change();
    }

    private void change() {
        isChanged = true;
        thread.wake();
    }

    private void run() {
        while (!thread.isClosing()) {
            List<XdpRegion> regions = takeChange();
            if (regions == null) {
                LockSupport.park(this);
            } else if (!replace(regions)) {
                LockSupport.parkNanos(this, RETRY_NANOS);
                renew();
            }
        }
    }

    /** What is wanted if that has changed, or null. */
    private synchronized @Nullable List<XdpRegion> takeChange() {
        unwanted.forEach(XdpRegion::close);
        unwanted.clear();
        if (!isChanged) {
            return null;
        }
        isChanged = false;
        return isStopped ? List.of() : List.copyOf(wanted.values());
    }

    /** Puts a socket with these regions in the place of the one before; false if there can be none now. */
    private boolean replace(List<XdpRegion> regions) {
        tell(null);
        making.ranges().clear();
        if (lane != null) {
            lane.close();
            lane = null;
        }
        try {
            XdpLane next = open(regions);
            lane = next;
            program.name(making.options().queue(), next.socket().fd());
            use(next);
            tell(next);
            return true;
        } catch (LinuxException gone) {
            return false; // the interface is down or was removed, which is seen on its own
        }
    }

    private XdpLane open(List<XdpRegion> regions) {
        if (!regions.isEmpty()) {
            try {
                return XdpLane.open(making, regions);
            } catch (LinuxException e) {
                onRefused.accept(String.valueOf(e.getMessage()));
            }
        }
        return XdpLane.open(making, List.of());
    }

    /** What was taken out while the socket was opened stays out. */
    private synchronized void use(XdpLane next) {
        next.offsets().forEach((region, at) -> {
            if (!isStopped && wanted.get(region.hostAddress()) == region) {
                making.ranges()
                        .add(new MemoryRanges.Entry(
                                region.hostAddress(), region.byteLength(), at + region.regionOffset()));
            }
        });
    }

    private void tell(@Nullable XdpLane next) {
        CountDownLatch done = new CountDownLatch(1);
        worker.replaceLane(port, next, done::countDown);
        try {
            // Workers answer; one that has ended does not need the socket any more.
            while (!done.await(10, TimeUnit.MILLISECONDS) && !thread.isClosing()) {
                Thread.onSpinWait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** After the worker has left the port. */
    @Override
    public void close() {
        thread.close();
        if (lane != null) {
            lane.close();
        }
        synchronized (this) {
            wanted.values().forEach(XdpRegion::close);
            unwanted.forEach(XdpRegion::close);
            wanted.clear();
            unwanted.clear();
        }
    }
}
