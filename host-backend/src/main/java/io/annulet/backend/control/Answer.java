package io.annulet.backend.control;

import io.annulet.linux.Fd;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a handler makes of a message; a message that breaks a rule ends in a {@link MessageFault} instead. */
sealed interface Answer {

    Answer DONE = new Done();

    /** Nothing to tell but that it was done. */
    record Done() implements Answer {}

    /** A reply of 8 bytes. */
    record Value(long value) implements Answer {}

    /** A reply with bytes of the configuration space. */
    record Config(int offset, ByteBuffer bytes, int flags) implements Answer {}

    /** A reply of these bytes; a file that goes along is taken over. */
    record Reply(ByteBuffer payload, @Nullable Fd file) implements Answer {}

    /** What a command of the control queue asked for. */
    record Result(ByteBuffer bytes) implements Answer {}

    /** A reply without payload: what was asked for is not there. */
    record Nothing() implements Answer {}

    /** A reply with a vring's index and a number. */
    record VringState(int index, int num) implements Answer {}

    /**
     * The worker has to act first.
     *
     * @param command hands a command over; what it is given is to be run once the worker has done it, on any thread
     * @param then goes on with the message after that, on the control thread
     */
    record Pending(Consumer<Runnable> command, Supplier<Answer> then) implements Answer {}

    static Answer afterWorker(Consumer<Runnable> command, Supplier<Answer> then) {
        return new Pending(command, then);
    }

    static Answer afterWorker(Consumer<Runnable> command) {
        return new Pending(command, () -> DONE);
    }
}
