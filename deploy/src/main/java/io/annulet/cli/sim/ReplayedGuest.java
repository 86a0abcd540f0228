package io.annulet.cli.sim;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A front-end that says what another one said, with memory and eventfds of its own in the place of that one's; used by one
 * thread.
 */
final class ReplayedGuest implements AutoCloseable {

    /** A file of memory is sparse; one that is larger is not believed. */
    private static final long MOST_MEMORY_BYTES = 1L << 40;

    private final VhostUserFrontEnd frontEnd;
    private final long timeoutNanos;
    private final List<Fd> made = new ArrayList<>();
    private boolean gone;

    ReplayedGuest(VhostUserFrontEnd frontEnd, long timeoutNanos) {
        this.frontEnd = frontEnd;
        this.timeoutNanos = timeoutNanos;
    }

    /** Sends a message and takes its answer; returns in what that differs from the one of then, or nothing. */
    String play(ReplayStep step) {
        if (gone) {
            return "not sent: the back-end has ended the session";
        }
        try {
            frontEnd.send(step.id(), step.flags(), step.payloadBytes(), descriptors(step));
        } catch (FrontEndException e) {
            gone = true;
            return "not taken: " + e.getMessage();
        }
        String expected = step.reply();
        if (expected == null && !step.ended()) {
            return "";
        }
        try (Message answer = frontEnd.receive(timeoutNanos)) {
            gone = answer == null;
            if (answer == null) {
                return step.ended() ? "" : "no answer";
            }
            return compare(digits(answer), expected);
        }
    }

    private static String digits(Message answer) {
        byte[] payload = new byte[answer.payload().remaining()];
        answer.payload().get(payload);
        return HexFormat.of().formatHex(payload);
    }

    private static String compare(String payload, @Nullable String expected) {
        if (expected == null) {
            return "answered with " + payload + ", and ended the session then";
        }
        return payload.equals(expected) ? "" : "answered with " + payload + ", and with " + expected + " then";
    }

    private Fd[] descriptors(ReplayStep step) {
        Fd[] fds = new Fd[Math.min(step.descriptors(), MessageLayout.MAX_FDS)];
        for (int i = 0; i < fds.length; i++) {
            fds[i] = descriptor(step, i);
            made.add(fds[i]);
        }
        return fds;
    }

    private Fd descriptor(ReplayStep step, int index) {
        if (step.request() == VhostUserRequest.SET_BACKEND_REQ_FD) {
            UnixSocket.Pair pair = UnixSocket.pair();
            made.add(pair.first().fd());
            return pair.second().fd();
        }
        return isMemory(step)
                ? Memfd.create("replay", byteLength(step, index), true)
                : EventFd.create(true, 0).fd();
    }

    private static boolean isMemory(ReplayStep step) {
        VhostUserRequest request = step.request();
        return request == VhostUserRequest.SET_MEM_TABLE
                || request == VhostUserRequest.ADD_MEM_REG
                || request == VhostUserRequest.SET_LOG_BASE;
    }

    /** How long the file behind a message's memory has to be. */
    private static long byteLength(ReplayStep step, int index) {
        ByteBuffer payload = ByteBuffer.wrap(step.payloadBytes()).order(ByteOrder.LITTLE_ENDIAN);
        long size;
        if (step.request() == VhostUserRequest.SET_LOG_BASE) {
            size = number(payload, MessageLayout.LOG_SIZE) + number(payload, MessageLayout.LOG_OFFSET);
        } else {
            int region = step.request() == VhostUserRequest.ADD_MEM_REG
                    ? MessageLayout.SINGLE_REGION
                    : MessageLayout.TABLE_REGIONS + index * MessageLayout.REGION_BYTES;
            size = number(payload, region + MessageLayout.REGION_SIZE)
                    + number(payload, region + MessageLayout.REGION_FILE_OFFSET);
        }
        return size > 0 && size <= MOST_MEMORY_BYTES ? size : 1;
    }

    private static long number(ByteBuffer payload, int offset) {
        return offset + Long.BYTES <= payload.capacity() ? payload.getLong(offset) : 0;
    }

    @Override
    public void close() {
        frontEnd.close();
        made.forEach(Fd::close);
    }
}
