package io.annulet.backend.control;

import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.WriteLog;
import io.annulet.backend.offload.Offload;
import io.annulet.linux.EventFd;
import io.annulet.memory.IoTable;
import io.annulet.memory.Region;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.Vring;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Starts, stops and moves the rings of a device with its worker; owned by the control thread. */
final class Rings {

    private final Device device;
    private final RingAddresses where;
    private final RingNotes notes;

    Rings(Device device) {
        this.device = device;
        this.where = new RingAddresses(device);
        this.notes = new RingNotes(device);
    }

    RingNotes notes() {
        return notes;
    }

    /** Hands a stopped ring to the worker, which polls it at once; behind an IOMMU as soon as it is known where it is. */
    Answer start(VringConfig vring) {
        if (device.isTranslated()) {
            return startTranslated(vring);
        }
        QueueSetup setup = device.records.onStart(notes.on(setup(vring, device.memory())), device.memory());
        vring.base = setup.base();
        if (setup.isNotedEarlier()) {
            device.onLeftBehind();
        }
        vring.start();
        device.saved = List.of();
        return Answer.afterWorker(done -> device.port.openQueue(setup, done));
    }

    private Answer startTranslated(VringConfig vring) {
        vring.start();
        boolean accepted = false;
        try {
            Answer answer = goBy(device.iotlb.table(), device.memory());
            device.saved = List.of();
            accepted = true;
            return answer;
        } finally {
            if (!accepted) {
                vring.stop();
            }
        }
    }

    /** Hands rings that are started to their workers again, each where it was left; {@code done} once all have them. */
    void goOn(Runnable done) {
        if (device.isTranslated()) {
            Answer answer = goBy(device.iotlb.table(), device.memory());
            if (answer instanceof Answer.Pending pending) {
                pending.command().accept(done);
            } else {
                done.run();
            }
            return;
        }
        open(toGoOn(), done);
    }

    private void open(List<QueueSetup> setups, Runnable done) {
        Runnable oneDone = Countdown.of(setups.size(), done);
        setups.forEach(setup -> device.port.openQueue(setup, oneDone));
    }

    private List<QueueSetup> toGoOn() {
        return device.startedVrings().stream()
                .filter(vring -> !vring.isBroken())
                .map(vring -> device.records.onGoOn(notes.on(setup(vring, device.memory())), device.memory()))
                .toList();
    }

    /** Likewise where all memory is there; {@code then} once the workers have them. */
    Answer goOnAll(Supplier<Answer> then) {
        List<QueueSetup> setups = toGoOn();
        return setups.isEmpty() ? then.get() : Answer.afterWorker(done -> open(setups, done), then);
    }

    /** Likewise those that another process has worked meanwhile, which died. */
    void recover(Runnable done) {
        if (device.isTranslated()) {
            throw new MessageFault("what its rings were behind an IOMMU is not known any more");
        }
        List<QueueSetup> setups = new ArrayList<>();
        for (VringConfig vring : device.startedVrings()) {
            if (!vring.isBroken()) {
                MemoryTable memory = device.memory();
                RingLayout layout = RingLayout.of(device.negotiation.features());
                vring.base = layout.left(setup(vring, memory).ring(), vring.base, memory);
                QueueSetup setup = device.records.onStart(notes.on(setup(vring, memory)), memory);
                vring.base = setup.base();
                setups.add(setup);
            }
        }
        open(setups, done);
    }

    /**
     * Behind an IOMMU: I/O addresses mean what a table says from now on, in a memory table that is about to be in force, and
     * the answer is due when no worker goes by what they meant before. A ring whose memory is not known is taken from its
     * worker, and one whose memory has become known is handed over.
     */
    Answer goBy(IoTable next, MemoryTable memory) {
        Iotlb iotlb = device.iotlb;
        IoTable before = iotlb.table();
        iotlb.table(next);
        boolean accepted = false;
        try {
            Answer answer = prepared(next, memory);
            accepted = true;
            return answer;
        } finally {
            if (!accepted) {
                iotlb.table(before);
            }
        }
    }

    private Answer prepared(IoTable next, MemoryTable memory) {
        Iotlb iotlb = device.iotlb;
        RingLayout layout = RingLayout.of(device.negotiation.features());
        List<VringConfig> lost = new ArrayList<>();
        List<VringConfig> staying = new ArrayList<>();
        List<VringConfig> found = new ArrayList<>();
        Map<Integer, RingLayout.Place> places = new HashMap<>();
        boolean moves = false;
        for (VringConfig vring : device.startedVrings()) {
            RingLayout.Place then = iotlb.place(vring.index());
            if (!layout.missing(next, where.known(vring, memory), vring.size).isEmpty()) {
                if (then != null) {
                    lost.add(vring);
                }
            } else if (then != null || !vring.isBroken()) {
                RingLayout.Place now = layout.place(places(memory), where.known(vring, memory), vring.size);
                (then == null ? found : staying).add(vring);
                moves |= then != null && !then.equals(now);
                places.put(vring.index(), now);
            }
        }
        List<QueueSetup> moved = moves ? setups(staying, memory) : List.of();
        List<QueueSetup> opened = setups(found, memory);
        lost.forEach(vring -> iotlb.place(vring.index(), null));
        places.forEach(iotlb::place);
        askForRings(layout, memory);
        if (lost.isEmpty() && staying.isEmpty() && opened.isEmpty()) {
            return Answer.DONE;
        }
        boolean all = moves;
        return Answer.afterWorker(done -> {
            Runnable oneDone = Countdown.of(lost.size() + 1 + opened.size(), done);
            lost.forEach(vring -> leave(vring, oneDone));
            if (all) {
                device.port.replaceMemory(moved, oneDone);
            } else {
                device.port.translateBy(next.memory(), oneDone);
            }
            opened.forEach(setup -> device.port.openQueue(setup, oneDone));
        });
    }

    private List<QueueSetup> setups(List<VringConfig> vrings, MemoryTable memory) {
        return vrings.stream().map(vring -> setup(vring, memory)).toList();
    }

    private void askForRings(RingLayout layout, MemoryTable memory) {
        for (VringConfig vring : device.startedVrings()) {
            if (!device.iotlb.isWorked(vring.index()) && !vring.isBroken()) {
                List<RingLayout.Missing> missing =
                        layout.missing(device.iotlb.table(), where.known(vring, memory), vring.size);
                device.iotlb.ask(
                        vring.index(),
                        missing.stream()
                                .mapToLong(RingLayout.Missing::ioAddress)
                                .toArray(),
                        missing.stream().mapToInt(RingLayout.Missing::access).toArray());
            }
        }
    }

    /** I/O addresses that have to stay known while others are forgotten: those of rings, and one range more. */
    long[] ranges(long ioAddress, long byteLength) {
        RingLayout layout = RingLayout.of(device.negotiation.features());
        LongStream.Builder ranges = LongStream.builder();
        for (VringConfig vring : device.startedVrings()) {
            LongStream.of(layout.ranges(where.known(vring, device.memory()), vring.size))
                    .forEach(ranges::add);
        }
        if (byteLength > 0) {
            ranges.add(ioAddress).add(ioAddress + (byteLength - 1));
        }
        return ranges.build().toArray();
    }

    /** Takes all rings from their workers, though they stay started; {@code done} once it is known where each is left. */
    void leave(ControlLoop loop, Runnable done) {
        List<VringConfig> started = device.startedVrings();
        started.forEach(vring -> device.iotlb.stopped(vring.index()));
        Runnable oneDone = Countdown.of(started.size(), () -> loop.execute(done));
        started.forEach(vring -> leave(vring, oneDone));
    }

    private void leave(VringConfig vring, Runnable done) {
        device.port.closeQueue(vring.index(), next -> {
            if (next >= 0) {
                vring.base = (int) next; // read by the control thread once all are counted down
            }
            done.run();
        });
    }

    /** Takes a ring from the worker, if it has it, and goes on with {@code then} once the worker has left it. */
    Answer stop(VringConfig vring, Supplier<Answer> then) {
        if (!vring.isStarted()) {
            return then.get();
        }
        vring.stop();
        device.records.onStop(vring.index());
        stopped(vring);
        return Answer.afterWorker(
                done -> device.port.closeQueue(vring.index(), next -> {
                    // -1 if the worker had to leave the ring before: then the base stays as it was.
                    if (next >= 0) {
                        vring.base = (int) next;
                    }
                    done.run();
                }),
                () -> {
                    notes.onStop(vring.index());
                    return then.get();
                });
    }

    private void stopped(VringConfig vring) {
        device.iotlb.stopped(vring.index());
        if (device.startedVrings().isEmpty()) {
            device.iotlb.forget();
        }
    }

    /** Has all running rings go on as they are set up now, which is different in memory or log only. */
    Answer refresh(Supplier<Answer> then) {
        List<QueueSetup> changed = device.startedVrings().stream()
                .filter(vring -> !device.isTranslated() || device.iotlb.isWorked(vring.index()))
                .map(vring -> setup(vring, device.memory()))
                .toList();
        return changed.isEmpty()
                ? then.get()
                : Answer.afterWorker(done -> device.port.replaceMemory(changed, done), then);
    }

    /** Stops all rings at once. */
    Answer stopAll(Supplier<Answer> then) {
        if (device.startedVrings().isEmpty()) {
            return then.get();
        }
        List<VringConfig> started = device.startedVrings();
        for (VringConfig vring : started) {
            vring.stop();
            device.records.onStop(vring.index());
            stopped(vring);
        }
        return Answer.afterWorker(done -> device.port.closeAllQueues(done), () -> {
            started.forEach(vring -> notes.onStop(vring.index()));
            return then.get();
        });
    }

    /** Refuses a ring that cannot start as it is set up; where it is behind an IOMMU need not be known yet. */
    void check(VringConfig vring) {
        if (device.isTranslated()) {
            kind(vring.index());
            check(where.told(vring), vring.size);
        } else {
            setup(vring, device.memory());
        }
    }

    /** Likewise addresses for a ring of a size. */
    void check(VringAddresses addresses, int size) {
        RingLayout layout = RingLayout.of(device.negotiation.features());
        if (device.isTranslated()) {
            layout.check(where.known(addresses, size, device.memory()), size);
        } else {
            layout.in(places(device.memory()), addresses, size);
        }
    }

    private RingPlaces places(MemoryTable memory) {
        return device.isTranslated()
                ? device.iotlb.table()::hostAddress
                : (address, byteLength, access) -> memory.memory().hostAddressOfUser(address, byteLength);
    }

    /** Everything the worker needs to know of a ring; refused unless all of it is there and right. */
    QueueSetup setup(VringConfig vring, MemoryTable memory) {
        return setup(vring, memory, where.known(vring, memory));
    }

    private QueueSetup setup(VringConfig vring, MemoryTable memory, VringAddresses addresses) {
        long features = device.negotiation.features();
        QueueSetup.Kind kind = kind(vring.index());
        RingLayout layout = RingLayout.of(features);
        RingLayout.Place place = layout.place(places(memory), addresses, vring.size);
        Vring ring = layout.ring(place, vring.size);
        return new QueueSetup(
                        vring.index(),
                        kind,
                        ring,
                        device.isTranslated() ? device.iotlb.table().memory() : memory.memory(),
                        RingFeatures.of(features),
                        NetHeader.byteLength(features),
                        (features & VirtioFeature.NET_MRG_RXBUF) != 0,
                        kind == QueueSetup.Kind.RECEIVE ? Offload.acceptedWith(features) : Offload.usableWith(features),
                        layout.resume(ring, vring.base, memory),
                        vring.isEnableWished(),
                        vring.kick,
                        vring.call,
                        vring.error,
                        kind == QueueSetup.Kind.CONTROL ? CallPolicy.OFF : device.net.calls(vring.index()))
                .promised((features & VirtioFeature.NET_MTU) == 0 ? 0 : device.mtuOfGuest())
                .logged(writeLog(ring, memory, addresses, place.third()));
    }

    /** What a ring is for depends on what was agreed on, since the control queue is the one behind the last pair. */
    private QueueSetup.Kind kind(int index) {
        if (device.net.hasControlQueue() && index == device.net.controlIndex()) {
            return QueueSetup.Kind.CONTROL;
        }
        if (index >= 2 * device.options.queuePairs()) {
            throw new MessageFault("vring " + index + " is no queue: there is no control queue by these features");
        }
        return (index & 1) == 0 ? QueueSetup.Kind.RECEIVE : QueueSetup.Kind.TRANSMIT;
    }

    /** Null unless writes are logged. */
    private @Nullable WriteLog writeLog(
            Vring ring, MemoryTable memory, VringAddresses addresses, long usedHostAddress) {
        LogMapping log = device.log();
        if (log == null || (device.negotiation.features() & VirtioFeature.LOG_ALL) == 0) {
            return null;
        }
        long logged = device.isTranslated() ? guestAddress(memory, usedHostAddress) : addresses.log();
        return new WriteLog(log.in(memory.memory()), ring, addresses.isLogged() ? logged : WriteLog.NO_RING);
    }

    /** Pages are logged as the guest has them, and what a front-end tells of a ring is an I/O address. */
    private static long guestAddress(MemoryTable memory, long hostAddress) {
        Region region = memory.regionAt(hostAddress).region();
        return region.guestAddress() + (hostAddress - region.hostAddress());
    }

    /** Tells the worker of a changed call descriptor; the old one is closed when the worker has let go of it. */
    Answer replaceCall(VringConfig vring, @Nullable EventFd call) {
        device.retired.add(vring.call);
        vring.call = call;
        return vring.isStarted()
                ? Answer.afterWorker(done -> device.port.replaceCall(vring.index(), call, done))
                : Answer.DONE;
    }

    Answer replaceError(VringConfig vring, @Nullable EventFd error) {
        device.retired.add(vring.error);
        vring.error = error;
        return vring.isStarted()
                ? Answer.afterWorker(done -> device.port.replaceError(vring.index(), error, done))
                : Answer.DONE;
    }

    Answer enable(VringConfig vring, boolean enabled) {
        vring.enable(enabled);
        device.records.onEnable(vring.index(), enabled);
        return vring.isStarted()
                ? Answer.afterWorker(done -> device.port.enableQueue(vring.index(), enabled, done))
                : Answer.DONE;
    }
}
