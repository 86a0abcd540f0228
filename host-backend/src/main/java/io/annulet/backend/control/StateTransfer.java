package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.FileStatus;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Pipe;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The state of a device on its way through a pipe or a socket of the front-end's, which may stall there or end anywhere;
 * owned by the control thread. It never waits, and gives up after a while.
 *
 * <p>Whether a pipe makes its users wait is up to a flag that the front-end may change at any time. So between theirs and us
 * there is one of ours, and bytes are moved from pipe to pipe, which waits for neither.
 */
final class StateTransfer implements AutoCloseable {

    /** More than any state has: 4,095 VLANs with full tables of addresses and flows come to 40 KiB. */
    static final int MOST_BYTES = 1 << 16;

    /** Theirs, and two of a pipe. */
    static final int DESCRIPTORS = 3;

    private static final int[] NO_FDS = {};

    private final Arena arena = Arena.ofConfined();
    private final boolean saving;
    private final MemorySegment bytes;
    private final Fd channel;
    private final @Nullable Pipe pipe;
    private final Deadline deadline;
    private Readiness.@Nullable Watch watch;
    private long moved;
    private boolean over;
    private boolean succeeded;
    private Runnable whenOver = () -> {};

    /** @param channel which it takes over */
    private StateTransfer(ControlLoop loop, Fd channel, boolean saving, long byteLength) {
        this.saving = saving;
        this.channel = channel;
        this.pipe = pipeFor(channel);
        this.deadline = new Deadline(loop);
        this.bytes = arena.allocate(byteLength);
    }

    /** Null if it is none, and so can be asked not to wait. */
    private static @Nullable Pipe pipeFor(Fd channel) {
        try {
            boolean isPipe = FileDescriptors.status(channel).type() == FileStatus.Type.FIFO;
            return isPipe ? Pipe.create(MOST_BYTES) : null;
        } catch (LinuxException refused) {
            channel.close();
            throw refused;
        }
    }

    /** Sends a state, and closes the channel behind its last byte. */
    static StateTransfer save(ControlLoop loop, long patienceNanos, Fd channel, byte[] state) {
        StateTransfer transfer = new StateTransfer(loop, channel, true, state.length);
        HostMemory.copyIn(state, 0, transfer.bytes.address(), state.length);
        if (transfer.pipe != null) {
            transfer.pipe.write(transfer.bytes.address(), state.length); // which has room for all of it
        }
        return transfer.begin(loop, patienceNanos);
    }

    /** Reads a state up to where the channel ends. */
    static StateTransfer load(ControlLoop loop, long patienceNanos, Fd channel) {
        return new StateTransfer(loop, channel, false, MOST_BYTES + 1L).begin(loop, patienceNanos);
    }

    /**
     * Checks what a front-end sent as a channel.
     *
     * @throws MessageFault unless it can be used without waiting
     */
    static void checkChannel(Fd fd) {
        FileStatus.Type type = FileDescriptors.status(fd).type();
        if (type != FileStatus.Type.FIFO && type != FileStatus.Type.SOCKET) {
            throw new MessageFault(
                    "a channel for the device's state that is neither pipe nor socket but " + FileDescriptors.link(fd));
        }
    }

    private StateTransfer begin(ControlLoop loop, long patienceNanos) {
        deadline.set(patienceNanos, () -> finish(false));
        watch = loop.watchBothWays(channel, this::move);
        move();
        return this;
    }

    private void move() {
        while (!over) {
            long count = saving ? send(bytes.byteSize() - moved) : receive(bytes.byteSize() - moved);
            if (count == -Errno.EAGAIN) {
                return;
            }
            if (count < 0) {
                finish(false);
            } else if (!saving && count == 0) {
                finish(true);
            } else {
                moved += count;
                if (moved == bytes.byteSize()) {
                    finish(saving); // one that comes and fills all the room is too long
                }
            }
        }
    }

    private long send(long byteLength) {
        return pipe != null
                ? pipe.moveTo(channel, byteLength)
                : UnixSocket.adopt(channel).send(bytes, moved, byteLength, NO_FDS, 0);
    }

    private long receive(long byteLength) {
        if (pipe == null) {
            try (ReceivedFds strays = new ReceivedFds(0)) {
                return UnixSocket.adopt(channel).receive(bytes, moved, byteLength, strays);
            }
        }
        long count = pipe.moveFrom(channel, byteLength);
        return count <= 0 ? count : FileDescriptors.read(pipe.readEnd(), bytes.asSlice(moved, count));
    }

    private void finish(boolean success) {
        if (over) {
            return;
        }
        over = true;
        succeeded = success;
        deadline.clear();
        if (watch != null) {
            watch.close();
        }
        channel.close();
        if (pipe != null) {
            pipe.close();
        }
        whenOver.run();
    }

    /** Runs {@code then} once nothing moves any more, at once if that is so. */
    void whenOver(Runnable then) {
        if (over) {
            then.run();
        } else {
            whenOver = then;
        }
    }

    boolean isSaving() {
        return saving;
    }

    /** Whether all of it went through; known once it is over. */
    boolean succeeded() {
        return succeeded;
    }

    /** What came; once it is over. */
    byte[] received() {
        return HostMemory.copyOut(bytes.address(), (int) moved);
    }

    @Override
    public void close() {
        whenOver = () -> {};
        finish(false);
        arena.close();
    }
}
