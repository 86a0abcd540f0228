package io.annulet.cli.channel;

import io.annulet.channel.ChannelFault;
import io.annulet.channel.ChannelHandler;
import io.annulet.channel.Doorbell;
import io.annulet.channel.PeerKey;
import io.annulet.channel.SealedChannel;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Tap;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Moves frames between a tap and a channel; used by one thread. Another one watches the tap while this one waits at the
 * doorbell, and touches neither frames nor channel.
 */
final class SealedTap implements ChannelHandler, AutoCloseable {
    private static final int ETHERNET_BYTES = 18;
    private static final int FRAMES_A_TURN = 64;
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Tap tap;
    private final SealedChannel channel;
    private final Doorbell doorbell;
    private final PrintWriter err;
    private final Arena arena = Arena.ofShared();
    private final int frameByteLength;
    private final long frame;
    private final Semaphore toWatch = new Semaphore(0);
    private final Thread watcher = new Thread(this::watch, "tap-watcher");
    private volatile boolean isWatching;
    private long heldByteLength;

    SealedTap(Tap tap, SealedChannel channel, Doorbell doorbell, int mtu, PrintWriter err) {
        this.tap = tap;
        this.channel = channel;
        this.doorbell = doorbell;
        this.err = err;
        this.frameByteLength = mtu + ETHERNET_BYTES;
        this.frame = arena.allocate(frameByteLength, 64).address();
        watcher.setDaemon(true);
        watcher.start();
    }

    void run() {
        while (!channel.isLost()) {
            int done = channel.poll(this) + sendFrames();
            if (done == 0) {
                sleep();
            }
        }
        err.println("the channel's memory is gone");
        err.flush();
    }

    /** Gathers what the tap has into a record; a frame for which there is no room is held, so that the tap's queue fills. */
    private int sendFrames() {
        int frames = 0;
        while (frames < FRAMES_A_TURN && fetch()) {
            if (channel.isEstablished() && !channel.send(frame, (int) heldByteLength)) {
                break;
            }
            // Without a session the frame is dropped, as by a cable that is not plugged in.
            heldByteLength = 0;
            frames++;
        }
        channel.flush();
        return frames;
    }

    private boolean fetch() {
        if (heldByteLength == 0) {
            long read = tap.read(frame, frameByteLength);
            heldByteLength = Math.max(0, read);
        }
        return heldByteLength > 0;
    }

    private void sleep() {
        if (!isWatching) {
            isWatching = true;
            toWatch.release();
        }
        channel.await(WAIT_NANOS);
    }

    private void watch() {
        while (true) {
            toWatch.acquireUninterruptibly();
            boolean isReadable = false;
            while (!isReadable && tap.fd().isOpen()) {
                isReadable = FileDescriptors.awaitReadable(tap.fd(), WAIT_NANOS);
            }
            isWatching = false;
            doorbell.wake();
            if (!isReadable) {
                return;
            }
        }
    }

    @Override
    public void onEstablished(PeerKey peer) {
        err.println("sealed channel with " + peer.fingerprint());
        err.flush();
    }

    @Override
    public void onFault(ChannelFault fault) {
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
        // What the kernel does not take, as while the interface is down, is lost as it would be on a wire.
        tap.write(address, byteLength);
    }

    @Override
    public void close() {
        arena.close();
    }
}
