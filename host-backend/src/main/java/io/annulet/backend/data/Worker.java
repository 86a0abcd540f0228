package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.memory.HostMemory;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * One thread of the data plane: works the ports it owns, each to completion, burst by burst.
 *
 * <p>A duty cycle runs the commands that came through {@link WorkerProxy}, then visits each port: pull a burst, forward
 * it, give its buffers back. Ports share the worker by what their bursts cost, see {@link Share}. When there is
 * nothing to do, {@link WorkerIdle} has it poll on or sleep.
 *
 * <p>A front-end may take its memory away at any moment. The access then ends in an {@link InternalError}, in compiled
 * code somewhat later than it was made; so each visit is a fault domain of its own, and after a fault every port is
 * asked whether its memory is whole.
 */
public final class Worker implements Agent {

    /** Turns between two looks at the event loop and the clock while polling. */
    private static final int TURNS_PER_LOOK = 64;

    /** The longest sleep. Nothing waits for its end: a worker that wakes looks at the clock before it does anything else. */
    private static final long MAX_SLEEP_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final int COMMAND_CAPACITY = 1024;

    private record Membership(Port port, Forwarder domain, Share share) {}

    private final String name;
    private final FrameBurst burst;
    private final ManyToOneConcurrentArrayQueue<Runnable> commands =
            new ManyToOneConcurrentArrayQueue<>(COMMAND_CAPACITY);
    private final ManualIoEventLoop loop;
    private final Readiness readiness;
    private Membership[] members = new Membership[0];
    private int nextMember;
    private boolean callsDue;
    private @Nullable Membership touched;
    private int turns;
    private boolean held;
    private volatile boolean asleep;

    /** Whether it is in the kernel, and can be stuck nowhere else. */
    private volatile boolean waits;

    /** To be run after it has waited; from any thread. */
    private final ManyToOneConcurrentArrayQueue<Runnable> awakened =
            new ManyToOneConcurrentArrayQueue<>(COMMAND_CAPACITY);

    // Made once: a worker that sleeps and wakes allocates nothing.
    private final Runnable callDrivers = this::callDrivers;
    private final Runnable stopAwaiting = this::stopAwaiting;

    /** @param maxRingSize the largest ring of any port, in descriptors */
    public Worker(String name, int maxRingSize) {
        this.name = name;
        this.burst = new FrameBurst(maxRingSize);
        this.loop = new ManualIoEventLoop(null, EpollIoHandler.newFactory()); // its thread is set in onStart
        this.readiness = new Readiness(loop);
    }

    @Override
    public String roleName() {
        return name;
    }

    /** On the worker's thread, before the first duty cycle. */
    @Override
    public void onStart() {
        loop.setOwningThread(Thread.currentThread());
    }

    @Override
    public int doWork() {
        try {
            int work = runCommands();
            if (held) {
                return work;
            }
            work += visitAll();
            if (++turns >= TURNS_PER_LOOK) {
                look();
            }
            return work;
        } catch (InternalError memoryGone) {
            recoverAnyhow();
            return 1;
        }
    }

    /** A turn for each port. If all that have something are in debt, the turns that they would pass are left out. */
    private int visitAll() {
        int work = visitThoseWithCredit();
        long turns = Long.MAX_VALUE;
        for (int i = 0; i < members.length && work == 0; i++) {
            turns = Math.min(turns, members[i].share.turnsInDebt());
        }
        if (work > 0 || turns == Long.MAX_VALUE) {
            return work;
        }
        for (Membership member : members) {
            member.share.leaveOut(turns);
        }
        return visitThoseWithCredit();
    }

    private int visitThoseWithCredit() {
        int work = 0;
        for (int left = members.length; left > 0; left--) {
            Membership member = nextMember();
            if (member.share.mayPull()) {
                work += visit(member);
            }
        }
        return work;
    }

    /** Ports take turns across duty cycles too: one in which an error of ours ends the cycle holds up no other port. */
    private Membership nextMember() {
        nextMember = nextMember + 1 < members.length ? nextMember + 1 : 0;
        return members[nextMember];
    }

    /** A command finds every driver told of what was published to it. */
    private int runCommands() {
        if (commands.isEmpty()) {
            return 0;
        }
        if (callsDue) {
            guard(callDrivers);
        }
        return commands.drain(Runnable::run);
    }

    /** Pulls one burst from a port and sees it to its end. */
    private int visit(Membership member) {
        touched = member;
        try {
            burst.clear();
            burst.cost.clear();
            int frames = member.port.pull(burst);
            if (callsDue) {
                callDrivers();
                touched = member;
            }
            if (frames > 0) {
                callsDue = true;
                if (burst.watch().observer() == null) {
                    member.domain.forward(member.port, burst);
                } else {
                    forwardObserved(member, burst.watch().observer());
                }
                member.port.finish(burst);
                member.share.charge(frames, burst.cost);
            }
            return frames;
        } catch (InternalError memoryGone) {
            if (!recover() && !loseThoseWithHoles()) {
                // Nobody's memory is short, yet an access failed: the port that was visited has to go.
                touched.port.memoryLost();
            }
            return 1;
        } catch (OutOfMemoryError full) {
            // Code that runs for the first time is linked, which allocates. What was taken is taken again.
            recover();
            throw full;
        }
    }

    private void forwardObserved(Membership member, FrameObserver observer) {
        observer.pulled(member.port, burst);
        member.domain.forward(member.port, burst);
        observer.finished(member.port, burst);
    }

    /**
     * Calls the drivers that want to know of what the last visit published. This is left until the next visit has pulled
     * its frames: by then the stores of the last one have left the core, and the fence has nothing to wait for.
     */
    private void callDrivers() {
        callsDue = false;
        HostMemory.fullFence(); // [C]
        for (Membership member : members) {
            touched = member;
            member.port.callDrivers();
        }
    }

    /** After an access to shared memory failed; tells whether the port was found whose memory is gone. */
    private boolean recover() {
        boolean found = false;
        if (burst.watch().observer() != null) {
            burst.watch().observer().abandoned();
        }
        callsDue = true; // of the ports behind the one at which calling was broken off
        for (Membership member : members) {
            found |= !member.port.recoverFromMemoryLoss();
            member.domain.abandon();
        }
        return found;
    }

    /**
     * Nobody's memory is short, yet an access failed: a full file system, or a pool of huge pages that has run dry, gave no
     * page for a hole. Whoever has holes there loses its port; tells whether anybody has.
     */
    private boolean loseThoseWithHoles() {
        boolean found = false;
        for (Membership member : members) {
            if (member.port.mayLackPages()) {
                member.port.memoryLost();
                found = true;
            }
        }
        return found;
    }

    /** Looks after what is not worth doing every turn. */
    private void look() {
        turns = 0;
        loop.runNow();
        long now = System.nanoTime();
        for (Membership member : members) {
            member.domain.tick(now);
        }
    }

    /**
     * Sleeps until a kick, a readable descriptor or a command comes, unless there is work already. No wake-up is lost:
     * ports ask for theirs before they look once more, and commands see {@link #asleep} after they are queued.
     */
    void sleep() {
        asleep = true; // [F], a volatile store, and the fence with it
        try {
            if ((held || !awaitWork()) && commands.isEmpty()) {
                await();
            }
        } finally {
            asleep = false;
        }
        look();
        guard(stopAwaiting);
    }

    private void await() {
        try {
            waits = true; // [G]
            loop.run(sleepNanos());
        } finally {
            waits = false; // [G], and a fence with it
            awakened.drain(Runnable::run);
        }
    }

    /**
     * From any thread: runs {@code then} on the worker's thread as soon as it has waited, if it waits.
     *
     * <p>[G] Who asks queues first and looks whether the worker waits after; the worker notes that it waits no more, and
     * looks into the queue after. One of the two sees the other's store.
     *
     * @return false if it does not wait; {@code then} may be run all the same
     */
    boolean onceAwake(Runnable then) {
        if (!waits || !awakened.offer(then)) {
            return false;
        }
        HostMemory.fullFence(); // [G]
        return waits;
    }

    private long sleepNanos() {
        long nanos = MAX_SLEEP_NANOS;
        for (Membership member : members) {
            nanos = Math.min(nanos, member.port.sleepNanos());
        }
        return nanos;
    }

    private void stopAwaiting() {
        for (Membership member : members) {
            member.port.stopAwaiting();
        }
    }

    private boolean awaitWork() {
        try {
            boolean work = false;
            for (Membership member : members) {
                work |= member.port.awaitWork();
            }
            return work;
        } catch (InternalError memoryGone) {
            recoverAnyhow();
            return true;
        }
    }

    /** Likewise where it is not known which port was at work; on the worker's thread, outside of a duty cycle too. */
    public void recoverAnyhow() {
        if (!recover()) {
            loseThoseWithHoles();
        }
    }

    @Override
    public void onClose() {
        runCommands();
        for (Membership member : members) {
            member.port.detached();
        }
        members = new Membership[0];
        Future<?> end = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        while (!end.isDone()) {
            loop.runNow();
        }
    }

    // Commands, each the other end of the method of WorkerProxy with the same name.

    /** From any thread. */
    void submit(Runnable command) {
        while (!commands.offer(command)) {
            Thread.onSpinWait();
        }
        if (asleep) {
            loop.execute(() -> {});
        }
    }

    /**
     * From any thread: has the worker look for work that was made for it, if it sleeps.
     *
     * <p>[F] Who made the work fences, and looks whether the worker sleeps; the worker notes that it sleeps, fences, and
     * looks for work. One of the two sees the other's store.
     */
    void wakeIfAsleep() {
        HostMemory.fullFence(); // [F]
        if (asleep) {
            loop.execute(() -> {});
        }
    }

    /** Runs what touches guest memory; the port whose memory is gone loses its queues, nobody else anything. */
    void guard(Runnable action) {
        try {
            action.run();
        } catch (InternalError memoryGone) {
            recoverAnyhow();
        }
    }

    void onObserve(@Nullable FrameObserver observer) {
        burst.watch().observer(observer);
    }

    void onHold(boolean hold) {
        held = hold;
    }

    void onAddPort(Port port, Forwarder domain) {
        Membership[] more = Arrays.copyOf(members, members.length + 1);
        more[members.length] = new Membership(port, domain, new Share());
        domain.tick(System.nanoTime());
        domain.add(port);
        port.attached(readiness);
        members = more;
    }

    void onRemovePort(Port port) {
        for (Membership member : members) {
            if (member.port == port) {
                member.domain.remove(port);
                port.detached();
            }
        }
        members = Arrays.stream(members).filter(m -> m.port != port).toArray(Membership[]::new);
    }

    void onChangePolicy(Port port, Forwarder domain) {
        domain.changePolicy(port);
    }
}
