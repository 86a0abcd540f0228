package io.annulet.backend.broker;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A request or an answer: {@value #BYTES} bytes, of which words of text with a tab between them and a zero behind, and a few
 * descriptors; immutable.
 *
 * @param fds for the receiver to close
 */
record BrokerMessage(List<String> words, List<Fd> fds) {

    static final int BYTES = 1024;
    static final int MOST_FDS = 2;

    private static final String BETWEEN = "\t";
    private static final long SEND_NANOS = TimeUnit.SECONDS.toNanos(5);

    BrokerMessage {
        words = List.copyOf(words);
        fds = List.copyOf(fds);
    }

    String word(int index) {
        if (index >= words.size()) {
            throw new IllegalArgumentException("a message of " + words.size() + " words");
        }
        return words.get(index);
    }

    int number(int index) {
        return Integer.parseInt(word(index));
    }

    Fd fd(int index) {
        if (index >= fds.size()) {
            throw new IllegalArgumentException("a message with " + fds.size() + " descriptors");
        }
        return fds.get(index);
    }

    void closeFds() {
        fds.forEach(Fd::close);
    }

    /** Sends words, the first of at most {@value #BYTES} bytes together, and descriptors; false if the other side is gone. */
    static boolean send(UnixSocket socket, List<?> words, Fd... fds) {
        StringBuilder text = new StringBuilder();
        for (Object word : words) {
            text.append(text.isEmpty() ? "" : BETWEEN)
                    .append(String.valueOf(word).replaceAll("[\t\0]", " "));
        }
        byte[] bytes = text.toString().getBytes(UTF_8);
        int[] numbers = new int[fds.length];
        for (int i = 0; i < fds.length; i++) {
            numbers[i] = fds[i].number();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(BYTES, 8);
            HostMemory.copyIn(bytes, 0, Math.min(bytes.length, BYTES - 1), message.address());
            long sent = 0;
            while (sent < BYTES) {
                FileDescriptors.awaitWritable(socket.fd(), SEND_NANOS);
                long more = socket.send(message, sent, BYTES - sent, numbers, sent == 0 ? numbers.length : 0);
                if (more <= 0) {
                    return false;
                }
                sent += more;
            }
            return true;
        }
    }

    /** Waits for the next one; null when the other side is gone, says nothing for so long, or sends what it may not. */
    static @Nullable BrokerMessage receive(UnixSocket socket, long limitNanos) {
        try (Arena arena = Arena.ofConfined();
                ReceivedFds received = new ReceivedFds(MOST_FDS)) {
            MemorySegment message = arena.allocate(BYTES, 8);
            long at = 0;
            while (at < BYTES) {
                if (!FileDescriptors.awaitReadable(socket.fd(), limitNanos)) {
                    return null;
                }
                long more = socket.receive(message, at, BYTES - at, received);
                if (more == -Errno.EAGAIN) {
                    continue;
                }
                if (more <= 0) {
                    return null;
                }
                at += more;
            }
            if (received.surplus() > 0 || received.isTruncated()) {
                return null;
            }
            return parse(HostMemory.copyOut(message.address(), BYTES), received);
        }
    }

    private static BrokerMessage parse(byte[] bytes, ReceivedFds received) {
        int end = 0;
        while (end < BYTES && bytes[end] != 0) {
            end++;
        }
        List<Fd> fds = new ArrayList<>();
        for (int i = received.count(); i > 0; i--) {
            fds.add(received.take(received.count() - i));
        }
        return new BrokerMessage(List.of(new String(bytes, 0, end, UTF_8).split(BETWEEN, -1)), fds);
    }
}
