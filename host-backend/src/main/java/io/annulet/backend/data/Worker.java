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
 * it, give its buffers back. When there is nothing to do, {@link WorkerIdle} has it poll on or sleep.
 *
 * <p>A front-end may take its memory away at any moment. The access then ends in an {@link InternalError}, in compiled
 * code somewhat later than it was made; so each visit is a fault domain of its own, and after a fault every port is
 * asked whether its memory is whole.
 */
public final class Worker implements Agent {

    /** Turns between two looks at the event loop and the clock while polling. */
    private static final int TURNS_PER_LOOK = 64;

    /** The longest sleep: addresses age meanwhile. */
    private static final long MAX_SLEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int COMMAND_CAPACITY = 1024;

    private record Membership(Port port, Forwarder domain) {}

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
    private volatile boolean asleep;

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
            for (int left = members.length; left > 0; left--) {
                work += visit(nextMember());
            }
            if (++turns >= TURNS_PER_LOOK) {
                look();
            }
            return work;
        } catch (InternalError memoryGone) {
            recover();
            return 1;
        }
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
            guard(this::callDrivers);
        }
        return commands.drain(Runnable::run);
    }

    /** Pulls one burst from a port and sees it to its end. */
    private int visit(Membership member) {
        touched = member;
        try {
            burst.clear();
            int frames = member.port.pull(burst);
            if (callsDue) {
                callDrivers();
                touched = member;
            }
            if (frames > 0) {
                callsDue = true;
                member.domain.forward(member.port, burst);
                member.port.finish(burst);
            }
            return frames;
        } catch (InternalError memoryGone) {
            if (!recover()) {
                // Nobody's memory is short, yet an access failed: the port that was visited has to go.
                touched.port.memoryLost();
            }
            return 1;
        }
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
        callsDue = true; // of the ports behind the one at which calling was broken off
        for (Membership member : members) {
            found |= !member.port.recoverFromMemoryLoss();
            member.domain.abandon();
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
        if (!awaitWork() && commands.isEmpty()) {
            loop.run(sleepNanos());
        }
        asleep = false;
        look();
        guard(this::stopAwaiting);
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
            recover();
            return true;
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
            recover();
        }
    }

    void onAddPort(Port port, Forwarder domain) {
        Membership[] more = Arrays.copyOf(members, members.length + 1);
        more[members.length] = new Membership(port, domain);
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
}
