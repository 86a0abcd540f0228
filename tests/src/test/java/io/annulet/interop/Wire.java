package io.annulet.interop;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Consumer;

/**
 * The wire between two NICs of a QEMU: whatever one sends the other receives, and we see it. Frames come as QEMU's stream
 * netdev has them, four bytes of length before each. A virtual thread carries each direction.
 */
final class Wire implements AutoCloseable {

    static final int ENDS = 2;
    private static final int MAX_FRAME_BYTES = 128 << 10;

    private final List<Path> sockets = new ArrayList<>();
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private final SocketChannel[] channels = new SocketChannel[ENDS];
    private final AtomicLongArray frames = new AtomicLongArray(ENDS);
    private volatile Consumer<byte[]> listener = frame -> {};
    private volatile boolean closed;

    private Wire() {}

    /** Listens at sockets of its own in the folder; QEMU connects to both. */
    static Wire listen(Path folder) {
        Wire wire = new Wire();
        try {
            for (int end = 0; end < ENDS; end++) {
                Path socket = folder.resolve("wire" + end);
                ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                listening.bind(UnixDomainSocketAddress.of(socket));
                wire.sockets.add(socket);
                wire.listeners.add(listening);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.startVirtualThread(wire::connect);
        return wire;
    }

    Path socket(int end) {
        return sockets.get(end);
    }

    /** How many frames the NIC at an end has sent. */
    long framesFrom(int end) {
        return frames.get(end);
    }

    /** Is told of every frame from now on, on threads of the wire. */
    void listener(Consumer<byte[]> next) {
        listener = next;
    }

    private void connect() {
        try {
            for (int end = 0; end < ENDS; end++) {
                channels[end] = listeners.get(end).accept();
            }
            for (int end = 0; end < ENDS; end++) {
                int from = end;
                Thread.startVirtualThread(() -> carry(from));
            }
        } catch (IOException e) {
            fail(e);
        }
    }

    private void carry(int from) {
        ByteBuffer buffer = ByteBuffer.allocate(4 + MAX_FRAME_BYTES);
        try {
            while (true) {
                buffer.clear().limit(4);
                fill(channels[from], buffer);
                int byteLength = buffer.getInt(0);
                buffer.limit(4 + byteLength);
                fill(channels[from], buffer);
                byte[] frame = new byte[byteLength];
                buffer.get(4, frame);
                frames.incrementAndGet(from);
                listener.accept(frame);
                buffer.flip();
                while (buffer.hasRemaining()) {
                    channels[1 - from].write(buffer);
                }
            }
        } catch (EOFException | ClosedChannelException end) {
            return;
        } catch (IOException e) {
            fail(e);
        }
    }

    private static void fill(SocketChannel from, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (from.read(buffer) < 0) {
                throw new EOFException();
            }
        }
    }

    private void fail(IOException e) {
        if (!closed && !(e instanceof AsynchronousCloseException)) {
            System.err.println("the wire broke: " + e);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            for (ServerSocketChannel listening : listeners) {
                listening.close();
            }
            for (SocketChannel channel : channels) {
                if (channel != null) {
                    channel.close();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
