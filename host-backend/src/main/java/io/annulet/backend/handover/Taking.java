package io.annulet.backend.handover;

import io.annulet.linux.LinuxException;
import io.annulet.linux.UnixSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The side of the process that comes after, from its first word to its last; used by one thread, which waits. */
public final class Taking implements AutoCloseable {

    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** The other back-end may not have ended its rehearsal yet; it pauses nobody before it has. */
    private static final long STATE_NANOS = TimeUnit.MINUTES.toNanos(2);

    private final Talk talk;
    private final PassedState rehearsal;
    private final TakenFds rehearsalFds;

    private Taking(Talk talk, PassedState rehearsal, TakenFds rehearsalFds) {
        this.talk = talk;
        this.rehearsal = rehearsal;
        this.rehearsalFds = rehearsalFds;
    }

    /** A state that came, and the descriptors that came with it. */
    public record Taken(PassedState state, TakenFds fds) {}

    /**
     * Asks the back-end that listens at {@code door} for what it serves.
     *
     * @throws HandoverException if there is none, or it refuses
     */
    public static Taking begin(Path door, List<Giver.PortName> ports) {
        String hello = StateText.write(new Giving.Hello(PassedState.VERSION, ports));
        Talk talk = new Talk(connect(door));
        boolean begun = false;
        try {
            talk.say(Talk.Kind.HELLO, hello);
            Taken roughly = state(talk, Talk.Kind.REHEARSAL, ANSWER_NANOS);
            begun = true;
            return new Taking(talk, roughly.state(), roughly.fds());
        } finally {
            if (!begun) {
                talk.close();
            }
        }
    }

    private static UnixSocket connect(Path door) {
        try {
            return UnixSocket.connect(door);
        } catch (LinuxException e) {
            throw new HandoverException("no back-end with these ports and this folder of state runs (" + e.getMessage()
                    + "); start without --takeover");
        }
    }

    private static Taken state(Talk talk, Talk.Kind kind, long limitNanos) {
        Talk.Said said = talk.hear(kind, limitNanos);
        boolean read = false;
        try {
            Taken taken = new Taken(StateText.readState(said.text()), said.fds());
            read = true;
            return taken;
        } finally {
            if (!read) {
                said.fds().close();
            }
        }
    }

    /** What the other back-end had when it was asked. */
    public Taken rehearsal() {
        return new Taken(rehearsal, rehearsalFds);
    }

    /** Everything that can be done before is done: has the other back-end stop, and returns what it gives up. */
    public Taken commit() {
        talk.say(Talk.Kind.COMMIT);
        return state(talk, Talk.Kind.STATE, STATE_NANOS);
    }

    /** All of that is understood and mapped: waits until it is ours. */
    public void ready() {
        talk.say(Talk.Kind.READY);
        talk.hear(Talk.Kind.GO, ANSWER_NANOS).fds().close();
    }

    /** The rings are worked: the other back-end may end. */
    public void started() {
        talk.say(Talk.Kind.STARTED);
    }

    /** Before {@link #ready} has returned, the other back-end goes on then. */
    @Override
    public void close() {
        rehearsalFds.close();
        talk.close();
    }
}
