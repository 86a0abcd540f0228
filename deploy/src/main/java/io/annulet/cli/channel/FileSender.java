package io.annulet.cli.channel;

import io.annulet.channel.ChannelFault;
import io.annulet.channel.ChannelHandler;
import io.annulet.channel.PeerKey;
import io.annulet.channel.SealedChannel;
import io.annulet.cli.CommandFailure;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends one file, from where the receiver wants it on, and again from there after each new handshake; used by one thread.
 */
final class FileSender implements ChannelHandler {
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int PIECES_A_TURN = 8;

    private final SealedChannel channel;
    private final Path file;
    private final PrintWriter err;
    private final String hash;
    private final long byteLength;
    private final TransferProgress progress;

    private @Nullable TransferMessage toSay;
    private boolean isSending;
    private boolean isStored;
    private @Nullable String refusal;
    private long position;

    FileSender(SealedChannel channel, Path file, PrintWriter err) throws IOException {
        this.channel = channel;
        this.file = file;
        this.err = err;
        this.hash = ContentHash.of(file);
        this.byteLength = Files.size(file);
        this.progress = new TransferProgress(err, byteLength, 0);
    }

    String hash() {
        return hash;
    }

    long byteLength() {
        return byteLength;
    }

    /**
     * Sends until the receiver has stored the file.
     *
     * @throws CommandFailure if it refuses, or does not come within the limit
     */
    void run(long limitNanos) {
        long deadlineNanos = System.nanoTime() + limitNanos;
        try (Fd fd = FileDescriptors.openForReading(file);
                Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(SealedChannel.MAX_MESSAGE_BYTES, 64);
            while (!isStored) {
                int done = channel.poll(this) + say() + place(fd, piece);
                if (done > 0) {
                    deadlineNanos = System.nanoTime() + limitNanos;
                } else if (System.nanoTime() > deadlineNanos) {
                    throw new CommandFailure(
                            "the other end does not answer",
                            "start annulet channel receive there, and compare the keys");
                } else {
                    channel.await(WAIT_NANOS);
                }
                String why = refusal;
                if (why != null) {
                    throw new CommandFailure(
                            "the other end refuses the file: " + why, "mend that there and send again");
                }
                if (channel.isLost()) {
                    throw new CommandFailure("the channel's memory is gone", "attach to the channel again");
                }
            }
        }
        for (int i = 0; i < PIECES_A_TURN && !channel.end(); i++) {
            channel.await(WAIT_NANOS);
        }
    }

    private int say() {
        TransferMessage message = toSay;
        if (message == null || !message.send(channel)) {
            return 0;
        }
        toSay = null;
        return 1;
    }

    private int place(Fd fd, MemorySegment piece) {
        int pieces = 0;
        while (isSending && pieces < PIECES_A_TURN) {
            if (position == byteLength) {
                isSending = false;
                toSay = TransferMessage.of(TransferMessage.DONE);
                return pieces + 1;
            }
            long count = FileDescriptors.readAt(fd, position, piece);
            if (count <= 0) {
                throw new CommandFailure(file + " became shorter while it was sent", "send it again");
            }
            if (!channel.place(TransferMessage.REGION, position, piece.address(), (int) count) || !channel.flush()) {
                return pieces;
            }
            position += count;
            pieces++;
            progress.at(position);
        }
        return pieces;
    }

    @Override
    public void onEstablished(PeerKey peer) {
        isSending = false;
        err.println("sealed channel with " + peer.fingerprint());
        err.flush();
        toSay = TransferMessage.of(
                TransferMessage.OFFER, String.valueOf(file.getFileName()), Long.toString(byteLength), hash);
    }

    @Override
    public void onFault(ChannelFault fault) {
        isSending = false;
        err.println("tampering: " + fault.sentence() + "; a new handshake follows");
        err.flush();
    }

    @Override
    public void onHandshakeFailure(String reason) {
        err.println("handshake: " + reason);
        err.flush();
    }

    @Override
    public void onMessage(long address, int messageByteLength) {
        TransferMessage message = TransferMessage.read(address, messageByteLength);
        switch (message.verb()) {
            case TransferMessage.RESUME -> {
                position = Math.clamp(message.number(0), 0, byteLength);
                progress.resumeAt(position);
                isSending = true;
            }
            case TransferMessage.STORED -> isStored = true;
            case TransferMessage.REFUSED -> refusal = String.join(" ", message.words());
            default -> refusal = "it says '" + message.verb() + "'";
        }
    }
}
