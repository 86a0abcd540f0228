package io.annulet.guest.traffic;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameHandler;
import io.annulet.guest.NetDriver;
import io.annulet.guest.ReceivedFrame;
import io.annulet.memory.HostMemory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * Sends every frame back whence it came, its two MAC addresses swapped, on the queue pair that it came on; owned by its
 * thread during the phase. A frame is taken only if it can be sent back, so none is lost here.
 */
final class Echo implements Duty, FrameHandler {

    private static final int MAX_BATCH = 64;
    private static final int MAC_BYTES = 6;
    private static final int MACS_BYTES = 2 * MAC_BYTES;
    private static final long LOW_48_BITS = 0xffff_ffff_ffffL;

    private final DriverReceiveQueue[] receiveQueues;
    private final DriverTransmitQueue[] transmitQueues;
    private final TransmitProgress progress;
    private final BooleanSupplier isOver;
    private final int batch;
    private final AtomicLong publishedFrames = new AtomicLong();
    private DriverTransmitQueue transmit;
    private long frames;
    private long bytes;
    private long unfit;
    private volatile boolean done;

    /** @param isOver whether nobody will send any more */
    Echo(NetDriver driver, BooleanSupplier isOver) {
        this.receiveQueues = Receiver.receiveQueues(driver);
        this.transmitQueues = Sender.transmitQueues(driver);
        this.progress = new TransmitProgress(transmitQueues);
        this.transmit = transmitQueues[0];
        this.batch = Math.min(MAX_BATCH, transmit.capacity());
        this.isOver = isOver;
    }

    @Override
    public int step(long nowNanos) {
        int received = 0;
        for (int pair = 0; pair < receiveQueues.length; pair++) {
            transmit = transmitQueues[pair];
            if (transmit.hasRoom(batch)) {
                received += receiveQueues[pair].receive(this, batch);
                transmit.flush();
            }
        }
        if (received > 0) {
            publishedFrames.setRelease(frames);
        } else {
            progress.update();
            done = done || isOver.getAsBoolean();
        }
        return received;
    }

    @Override
    public void onFrame(ReceivedFrame frame) {
        int byteLength = frame.byteLength();
        long address = byteLength > transmit.maxFrameByteLength() || byteLength < MACS_BYTES ? 0 : transmit.reserve();
        if (address == 0) {
            unfit++;
            return;
        }
        long from = frame.address();
        HostMemory.copy(from, address, byteLength);
        long destination = HostMemory.loadLong(from) & LOW_48_BITS;
        long source = HostMemory.loadLong(from + MAC_BYTES - 2) >>> 16;
        HostMemory.storeLong(address, source | destination << 48);
        HostMemory.storeShortUnaligned(address + 8, (int) (destination >>> 16));
        HostMemory.storeShortUnaligned(address + 10, (int) (destination >>> 32));
        transmit.submit(byteLength);
        frames++;
        bytes += byteLength;
    }

    @Override
    public boolean isDone() {
        return done;
    }

    TransmitProgress progress() {
        return progress;
    }

    /** Frames sent back so far; from any thread. */
    long publishedFrames() {
        return publishedFrames.getAcquire();
    }

    // After the phase.

    long frames() {
        return frames;
    }

    long bytes() {
        return bytes;
    }

    /** Frames that were not sent back for their length. */
    long unfit() {
        return unfit;
    }
}
