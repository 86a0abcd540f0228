package io.annulet.cli.vm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Our end of one of QEMU's character devices; one thread at a time uses it, and {@link #close} may come from any.
 *
 * <p>We listen and QEMU connects, so nothing has to be tried again while QEMU starts. Every wait ends at its deadline
 * or when QEMU closes its end.
 */
final class Chardev implements AutoCloseable {
    /** The kernel's limit on a socket's path, without its closing zero. */
    private static final int LONGEST_PATH = 107;

    static final int LONGEST_MATCH = 32;

    private static final int MOST_BUFFERED_CHARS = 64 << 20;

    private final Path path;
    private final Selector selector;
    private final ServerSocketChannel listener;
    private final ByteBuffer chunk = ByteBuffer.allocate(64 << 10);
    private final StringBuilder received = new StringBuilder();
    private @Nullable SocketChannel channel;
    private volatile boolean isPeerGone;

    private Chardev(Path path, Selector selector, ServerSocketChannel listener) {
        this.path = path;
        this.selector = selector;
        this.listener = listener;
    }

    static Chardev listen(Path path) {
        if (path.toString().length() > LONGEST_PATH) {
            throw new CommandFailure(
                    "the socket path " + path + " is longer than " + LONGEST_PATH + " characters",
                    "use a working folder with a shorter path");
        }
        try {
            Files.deleteIfExists(path);
            Selector selector = Selector.open();
            ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            listener.bind(UnixDomainSocketAddress.of(path));
            listener.configureBlocking(false);
            return new Chardev(path, selector, listener);
        } catch (IOException e) {
            throw new CommandFailure("cannot listen on " + path + ": " + e.getMessage(), "check the folder", e);
        }
    }

    Path path() {
        return path;
    }

    /** Ends every wait, now and later; for the thread that learns that QEMU has ended. */
    void peerIsGone() {
        isPeerGone = true;
        selector.wakeup();
    }

    /**
     * Writes the text, one byte for each character.
     *
     * @return whether all of it was taken before the deadline
     */
    boolean write(String text, Deadline deadline) {
        try {
            SocketChannel connected = connect(deadline);
            if (connected == null) {
                return false;
            }
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
            while (bytes.hasRemaining()) {
                if (connected.write(bytes) == 0 && !await(connected, SelectionKey.OP_WRITE, deadline)) {
                    return false;
                }
            }
            return true;
        } catch (IOException | ClosedSelectorException e) {
            return gone();
        }
    }

    /**
     * Waits for text that matches and takes it, with all before it, out of what was received.
     *
     * @param pattern matches {@link #LONGEST_MATCH} characters at most
     * @return the text before the match and the match, or nothing when the deadline or QEMU's end came first
     */
    Optional<Found> readTo(Pattern pattern, Deadline deadline) {
        Matcher matcher = pattern.matcher(received);
        int searchedChars = 0;
        // Only what is new is searched, with as much before it as a match that was cut in two can take.
        while (!matcher.reset()
                .region(Math.max(0, searchedChars - LONGEST_MATCH), received.length())
                .find()) {
            searchedChars = received.length();
            if (!readMore(deadline)) {
                return Optional.empty();
            }
        }
        Found found = new Found(received.substring(0, matcher.start()), matcher.toMatchResult());
        received.delete(0, matcher.end());
        return Optional.of(found);
    }

    /** Bytes as characters of the same number. */
    record Found(String before, MatchResult match) {}

    /** Whether QEMU has closed its end, or ended. */
    boolean isPeerGone() {
        return isPeerGone;
    }

    private boolean readMore(Deadline deadline) {
        try {
            SocketChannel connected = connect(deadline);
            if (connected == null || !await(connected, SelectionKey.OP_READ, deadline)) {
                return false;
            }
            int count = connected.read(chunk.clear());
            if (count < 0) {
                return gone();
            }
            if (received.length() + count > MOST_BUFFERED_CHARS) {
                throw new CommandFailure(
                        "more than " + (MOST_BUFFERED_CHARS >> 20) + " MiB of output came through " + path,
                        "let the command write to a file in the guest");
            }
            received.append(ISO_8859_1.decode(chunk.flip()));
            return true;
        } catch (IOException | ClosedSelectorException e) {
            return gone();
        }
    }

    private @Nullable SocketChannel connect(Deadline deadline) throws IOException {
        if (channel == null && await(listener, SelectionKey.OP_ACCEPT, deadline)) {
            channel = listener.accept();
            channel.configureBlocking(false);
            stopListening();
        }
        return channel;
    }

    /** Whether the channel got ready before the deadline and QEMU's end. */
    private boolean await(SelectableChannel waiting, int operation, Deadline deadline) throws IOException {
        SelectionKey key = waiting.register(selector, operation);
        while (true) {
            selector.selectedKeys().clear();
            selector.select(deadline.remainingMillis());
            if ((key.readyOps() & operation) != 0 && !selector.selectedKeys().isEmpty()) {
                return true;
            }
            // What QEMU sent before it ended is readable, and was found above.
            if (isPeerGone || deadline.isOver()) {
                return false;
            }
        }
    }

    private boolean gone() {
        isPeerGone = true;
        return false;
    }

    private void stopListening() throws IOException {
        listener.close();
        Files.deleteIfExists(path);
    }

    @Override
    public void close() {
        isPeerGone = true;
        try {
            selector.close();
            stopListening();
            SocketChannel connected = channel;
            if (connected != null) {
                connected.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
