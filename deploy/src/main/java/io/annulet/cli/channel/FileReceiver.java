package io.annulet.cli.channel;

import io.annulet.channel.ChannelFault;
import io.annulet.channel.ChannelHandler;
import io.annulet.channel.PeerKey;
import io.annulet.channel.SealedChannel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Receives files into a folder; used by one thread. Bytes go from their records straight into the mapped file, behind what
 * is there: a sender that skips or repeats is refused.
 */
final class FileReceiver implements ChannelHandler, AutoCloseable {
    private final SealedChannel channel;
    private final Path folder;
    private final PrintWriter err;

    private @Nullable PartialFile partial;
    private @Nullable TransferProgress progress;
    private @Nullable TransferMessage toSay;
    private @Nullable String stored;
    private boolean ended;

    FileReceiver(SealedChannel channel, Path folder, PrintWriter err) {
        this.channel = channel;
        this.folder = folder;
        this.err = err;
    }

    /** One turn; returns how much was done. */
    int turn() {
        int done = channel.poll(this);
        TransferMessage message = toSay;
        if (message != null && message.send(channel)) {
            toSay = null;
            done++;
        }
        return done;
    }

    /** A line about the file that was stored last, once; null if there is none. */
    @Nullable
    String takeStored() {
        String line = stored;
        stored = null;
        return line;
    }

    /** Whether the sender has said that it is through. */
    boolean isEnded() {
        return ended && toSay == null;
    }

    @Override
    public void onEstablished(PeerKey peer) {
        letGo();
        ended = false;
        err.println("sealed channel with " + peer.fingerprint());
        err.flush();
    }

    @Override
    public void onFault(ChannelFault fault) {
        letGo();
        err.println("tampering: " + fault.sentence() + "; a new handshake follows");
        err.flush();
    }

    @Override
    public void onHandshakeFailure(String reason) {
        err.println("handshake: " + reason);
        err.flush();
    }

    @Override
    public void onMessage(long address, int byteLength) {
        TransferMessage message = TransferMessage.read(address, byteLength);
        try {
            switch (message.verb()) {
                case TransferMessage.OFFER -> accept(message);
                case TransferMessage.DONE -> store();
                default -> refuse("it says '" + message.verb() + "'");
            }
        } catch (IllegalArgumentException e) {
            refuse(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            refuse(e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }

    private void accept(TransferMessage offer) throws IOException {
        letGo();
        if (offer.words().size() != 3) {
            throw new IllegalArgumentException("an offer has a name, a size and a hash");
        }
        PartialFile file = PartialFile.open(
                folder, offer.words().get(0), offer.number(1), offer.words().get(2));
        partial = file;
        channel.register(TransferMessage.REGION, file.address(), file.byteLength());
        progress = new TransferProgress(err, file.byteLength(), file.position());
        toSay = TransferMessage.of(TransferMessage.RESUME, Long.toString(file.position()));
    }

    @Override
    public void onPlaced(int region, long offset, int byteLength) {
        PartialFile file = partial;
        if (file == null || !file.advance(offset, byteLength)) {
            refuse("bytes came out of order");
            return;
        }
        TransferProgress shown = progress;
        if (shown != null) {
            shown.at(file.position());
        }
    }

    private void store() throws IOException {
        PartialFile file = partial;
        if (file == null) {
            throw new IllegalArgumentException("nothing was offered");
        }
        channel.unregister(TransferMessage.REGION);
        partial = null;
        stored = "received " + file.finish() + ", sha256 " + file.hash();
        toSay = TransferMessage.of(TransferMessage.STORED);
    }

    private void refuse(String reason) {
        letGo();
        err.println("refused: " + reason);
        err.flush();
        toSay = TransferMessage.of(TransferMessage.REFUSED, reason.replace('\n', ' '));
    }

    /** Keeps what there is for another time. */
    private void letGo() {
        channel.unregister(TransferMessage.REGION);
        PartialFile file = partial;
        partial = null;
        if (file != null) {
            file.close();
        }
    }

    @Override
    public void onEnd() {
        ended = true;
    }

    @Override
    public void close() {
        letGo();
    }
}
