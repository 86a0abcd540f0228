package io.annulet.backend.handover;

import io.annulet.linux.UnixSocket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The side of the process that serves: one conversation at a time, each on a thread of its own. Whatever goes wrong, either
 * it serves on, or the other process does.
 */
public final class Giving {

    private static final Logger LOG = LoggerFactory.getLogger(Giving.class);

    private static final long HELLO_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** For the other process to open what it can before, and to warm its code, however busy the machine. */
    private static final long COMMIT_NANOS = TimeUnit.MINUTES.toNanos(5);

    /** While nothing is served. */
    private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long STARTED_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** What the other process has. */
    record Hello(int version, List<Giver.PortName> ports) {
        Hello {
            ports = PassedState.orNothing(ports);
        }
    }

    private final Giver giver;
    private final AtomicBoolean busy = new AtomicBoolean();

    public Giving(Giver giver) {
        this.giver = giver;
    }

    /** Someone connected. Returns at once. */
    public void begin(UnixSocket socket) {
        Thread.ofPlatform().daemon().name("hand-over").start(() -> {
            try (Talk talk = new Talk(socket)) {
                converse(talk);
            } catch (RuntimeException e) {
                LOG.warn("no hand-over: {}", e.getMessage());
                LOG.debug("no hand-over", e);
            }
        });
    }

    private void converse(Talk talk) {
        Talk.Said said = talk.hear(Talk.Kind.HELLO, HELLO_NANOS);
        said.fds().close();
        if (!busy.compareAndSet(false, true)) {
            refuse(talk, "another process is taking over already");
        }
        try {
            handOver(talk, StateText.read(said.text(), Hello.class));
        } finally {
            busy.set(false);
        }
    }

    private static void refuse(Talk talk, String why) {
        talk.say(Talk.Kind.REFUSED, why);
        throw new HandoverException(why);
    }

    private void handOver(Talk talk, Hello hello) {
        String obstacle = giver.obstacle(hello.ports());
        if (obstacle != null) {
            refuse(talk, obstacle);
        }
        LOG.info("process {} is about to take over", talk.peerProcessId());
        try (SentFds roughly = new SentFds(true)) {
            talk.say(Talk.Kind.REHEARSAL, StateText.write(giver.describe(roughly)), roughly);
        }
        giver.rehearse();
        talk.hear(Talk.Kind.COMMIT, COMMIT_NANOS).fds().close();
        pass(talk);
        if (settle(talk)) {
            giver.handedOver(talk.peerProcessId());
        }
    }

    private void pass(Talk talk) {
        SentFds fds = new SentFds();
        PassedState state = giver.pause(fds);
        boolean passed = false;
        try {
            talk.say(Talk.Kind.STATE, StateText.write(state), fds);
            talk.hear(Talk.Kind.READY, READY_NANOS).fds().close();
            passed = true;
        } finally {
            if (!passed) {
                giver.goOn();
            }
        }
        giver.letGo();
    }

    /** Whether the other process has it now; one that lives and says nothing has. */
    private boolean settle(Talk talk) {
        try {
            talk.say(Talk.Kind.GO);
            talk.hear(Talk.Kind.STARTED, STARTED_NANOS).fds().close();
            return true;
        } catch (HandoverException broken) {
            if (!talk.isOver()) {
                LOG.warn("process {} has everything, and does not say that it serves it", talk.peerProcessId());
                return true;
            }
            giver.takeBack();
            throw broken;
        }
    }
}
