package io.annulet.backend.port;

import io.annulet.backend.data.CompletionWindow;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.RingRecord;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A NIC that this process drives itself; owned by its worker, which is the only one of its domain.
 *
 * <p>A frame out is read by the NIC from the sender's own buffers, see {@link NicTransmit}; it counts as out when the NIC is
 * done with it, and until then as queued, which is in no counter yet. A frame in comes through {@link NicReceive}.
 *
 * <p>What the NIC does is not trusted. One that claims what it was not given, that sends nothing for a while, that reports
 * errors of the bus or that the kernel wants back is stopped: no access to memory goes on, and nothing passes its port until
 * the back-end is started anew.
 */
public final class NicPort implements Port, CompletionWindow.Borrower {

    public static final long WATCHDOG_NANOS = NicWatchdog.NANOS;

    /** How long frames that are nearly sent are waited for before the NIC is restarted. The worker stands still meanwhile. */
    private static final long RECALL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** How long a worker sleeps at most while the NIC owes an answer. */
    private static final long SETTLING_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /** So many turns of a busy worker lie between two looks at the NIC. */
    public static final int PULLS_PER_LOOK = 1024;

    /** Why a NIC was stopped, for people. */
    public enum Stop {
        CLAIMED_WHAT_IT_WAS_NOT_GIVEN,
        SENT_NOTHING_FOR_TOO_LONG,
        BUS_ERRORS,
        WANTED_BACK,
        PULLED_OUT
    }

    /** What the port needs to know of the device beside the NIC, and tells. */
    public interface Device {

        /** Whether the bus reported errors since the last time this was asked. */
        boolean hasErrors();

        boolean isThere();

        Interrupts interrupts();

        /** Lets the next interrupt through, of a line that the kernel masked when it was raised. */
        void unmaskLine();

        /** The port is stopped for good and touches the NIC no more. Returns soon. */
        void onStopped(Stop why);
    }

    /** What the NIC and the kernel raise: a frame, anything else of the NIC, and that the device is wanted back. */
    public record Events(EventFd queues, EventFd others, EventFd request) {}

    private final String name;
    private final PortCounters counters;
    private final Nic nic;
    private final Device device;
    private final Events events;
    private final NicTransmit transmit;
    private final NicReceive receive;
    private final NicAddresses addresses;
    private final NicFigures figures;
    private final NicWatchdog watchdog = new NicWatchdog();
    private final boolean hasLine;
    private final List<Readiness.Watch> watches = new ArrayList<>();
    private boolean running;
    private boolean stopped;
    private boolean linkUp;
    private boolean awaiting;
    private int pullsToLook;
    private int toldFilter;
    private volatile NicStatus status;

    /** Of a NIC that is reset and not started. */
    public NicPort(
            String name,
            NicPortOptions options,
            PortCounters counters,
            Nic nic,
            NicMemory memory,
            NicMemoryMap map,
            Device device,
            Events events) {
        this.name = name;
        this.counters = counters;
        this.nic = nic;
        this.device = device;
        this.events = events;
        boolean zeroCopy = options.zeroCopy() == NicPortOptions.ZeroCopy.TX;
        this.transmit = new NicTransmit(nic, memory.read(), map, options.mtu(), zeroCopy, counters, this);
        this.receive = new NicReceive(nic, memory.write(), options.receiveBytes());
        this.addresses = new NicAddresses(nic, options, counters);
        this.figures = new NicFigures(nic, counters);
        this.hasLine = device.interrupts() == Interrupts.LINE;
        this.status = newStatus();
    }

    /** How the NIC is doing; asked by any thread. */
    public NicStatus status() {
        return status;
    }

    private NicStatus newStatus() {
        return new NicStatus(
                nic.limits(),
                nic.macAddress(),
                device.interrupts(),
                running,
                linkUp,
                addresses.filter(),
                addresses.isSet());
    }

    private void tellChanges() {
        boolean isSet = addresses.isSet();
        if (status.running() != running
                || status.linkUp() != linkUp
                || status.filterIsSet() != isSet
                || toldFilter != addresses.timesSet()) {
            toldFilter = addresses.timesSet();
            status = newStatus();
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {
        watches.add(readiness.watch(events.queues().fd(), hasLine ? this::onLine : () -> {}));
        watches.add(readiness.watch(events.others().fd(), this::onOther));
        watches.add(readiness.watch(events.request().fd(), () -> stop(Stop.WANTED_BACK)));
        start();
    }

    private void start() {
        nic.start();
        nic.suppressInterrupts();
        receive.offerAll();
        linkUp = nic.isLinkUp();
        running = true;
        watchdog.restart();
        if (hasLine) {
            device.unmaskLine();
        }
        tellChanges();
    }

    @Override
    public void detached() {
        watches.forEach(Readiness.Watch::close);
        watches.clear();
        halt();
    }

    /** Ends all access to memory, and all that was begun. */
    private void halt() {
        if (running) {
            running = false;
            if (device.isThere()) {
                figures.read();
            }
            nic.stop();
            transmit.abortAll();
            tellChanges();
        }
    }

    private void stop(Stop why) {
        if (!stopped) {
            stopped = true;
            halt();
            counters.nicStopped();
            device.onStopped(why);
        }
    }

    /** One interrupt for all: the NIC lets go of its line first, so that what it has to say after that raises it again. */
    private void onLine() {
        if (running) {
            boolean hasOther = nic.acknowledgeLine();
            device.unmaskLine();
            if (hasOther) {
                onOther();
            }
        }
    }

    private void onOther() {
        if (!running) {
            return;
        }
        nic.acknowledgeOther();
        linkUp = nic.isLinkUp();
        if (!device.isThere()) {
            stop(Stop.PULLED_OUT);
        } else if (device.hasErrors()) {
            stop(Stop.BUS_ERRORS);
        }
    }

    // Frames in.

    @Override
    public int pull(FrameBurst burst) {
        if (!running) {
            return 0;
        }
        if (transmit.inFlight() > 0 && !transmit.reap()) {
            stop(Stop.CLAIMED_WHAT_IT_WAS_NOT_GIVEN);
        }
        if (running && ++pullsToLook >= PULLS_PER_LOOK) {
            look();
        }
        if (!running) {
            return 0;
        }
        int frames = receive.pull(burst);
        if (frames == Nic.BROKEN) {
            burst.clear();
            stop(Stop.CLAIMED_WHAT_IT_WAS_NOT_GIVEN);
            return 0;
        }
        return frames;
    }

    @Override
    public void finish(FrameBurst burst) {
        if (running) {
            receive.finish();
        }
    }

    /** Looks after what is not worth doing every turn. */
    private void look() {
        pullsToLook = 0;
        long now = System.nanoTime();
        if (watchdog.look(now, transmit.inFlight() > 0, transmit.completed())) {
            stop(device.isThere() ? Stop.SENT_NOTHING_FOR_TOO_LONG : Stop.PULLED_OUT);
            return;
        }
        linkUp = linkUp || nic.isLinkUp();
        lookAfterOthers(now);
    }

    private void lookAfterOthers(long now) {
        addresses.settle();
        figures.readIfDue(now, moved());
        tellChanges();
    }

    private long moved() {
        return transmit.completed() + receive.received();
    }

    // Frames out.

    @Override
    public int accepts() {
        return transmit.accepts();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        RingRecord.leaving(burst);
        if (running) {
            addresses.learn(burst, frames);
        }
        int count = frames.count();
        boolean sent = false;
        for (int i = 0; i < count; i++) {
            DropReason why = running && linkUp ? send(burst, frames.frame(i)) : DropReason.NOT_READY;
            if (why == null) {
                sent = true;
                counters.queued();
            } else {
                burst.watch().lose(counters, frames.frame(i), why);
            }
        }
        if (sent) {
            transmit.publish();
        }
    }

    private @Nullable DropReason send(FrameBurst burst, int frame) {
        DropReason why = transmit.send(burst, frame);
        if (why != DropReason.NO_BUFFER) {
            return why;
        }
        if (!transmit.reap()) {
            stop(Stop.CLAIMED_WHAT_IT_WAS_NOT_GIVEN);
            return DropReason.NOT_READY;
        }
        return transmit.send(burst, frame);
    }

    /** What is nearly sent is waited for; what is not then is broken off with all else, by starting the NIC anew. */
    @Override
    public void recall(CompletionWindow window) {
        long end = System.nanoTime() + RECALL_NANOS;
        boolean sane = true;
        while (sane && running && transmit.hasAnyOf(window) && System.nanoTime() - end < 0) {
            sane = transmit.reap();
            Thread.onSpinWait();
        }
        if (!sane) {
            stop(Stop.CLAIMED_WHAT_IT_WAS_NOT_GIVEN);
        } else if (running && transmit.hasAnyOf(window)) {
            halt();
            counters.nicRestarted();
            start();
        }
    }

    // Sleeping.

    @Override
    public boolean awaitWork() {
        if (!running) {
            return false;
        }
        nic.requestInterrupts();
        awaiting = true;
        linkUp = nic.isLinkUp();
        lookAfterOthers(System.nanoTime());
        long before = transmit.completed();
        boolean sane = transmit.inFlight() == 0 || transmit.reap();
        // A broken NIC is dealt with by the next pull.
        return !sane || transmit.completed() != before || receive.await() || receive.isBroken();
    }

    /** While frames are in flight the watchdog has to be looked after, and after some have moved the NIC's figures. */
    @Override
    public long sleepNanos() {
        if (!running || (transmit.inFlight() == 0 && !figures.areStale(moved()) && addresses.isSettled())) {
            return Port.super.sleepNanos();
        }
        pullsToLook = PULLS_PER_LOOK;
        long nanos = figures.areStale(moved()) ? NicFigures.INTERVAL_NANOS : WATCHDOG_NANOS / 4;
        return addresses.isSettled() ? nanos : SETTLING_NANOS;
    }

    @Override
    public void stopAwaiting() {
        if (running && awaiting) {
            nic.suppressInterrupts();
        }
        awaiting = false;
    }

    // Faults.

    /** An access to a device that was pulled out may end as one to memory that is gone. */
    @Override
    public boolean recoverFromMemoryLoss() {
        if (!running) {
            return true;
        }
        if (!device.isThere()) {
            stop(Stop.PULLED_OUT);
            return false;
        }
        // Frames that were handed over before are whole, and go.
        transmit.publish();
        receive.finish();
        return true;
    }

    @Override
    public void memoryLost() {
        stop(Stop.PULLED_OUT);
    }
}
