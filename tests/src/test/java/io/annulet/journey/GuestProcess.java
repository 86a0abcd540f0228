package io.annulet.journey;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A simulated guest in a process of its own, which can be killed: it attaches, says so, and sends as many frames as the
 * back-end takes until its end.
 */
public final class GuestProcess {

    private static final String ATTACHED = "attached";
    private static final int FRAME_BYTES = 200;
    private static final int BURST = 32;

    /** It ends by itself if whoever started it forgets it. */
    private static final long LONGEST_LIFE_NANOS = TimeUnit.MINUTES.toNanos(2);

    private GuestProcess() {}

    /** Starts one at a port and waits until its frames flow. */
    public static Child start(Path socket, long ownMac, long destinationMac) {
        Child child = Child.java(List.of(
                GuestProcess.class.getName(), socket.toString(), Long.toString(ownMac), Long.toString(destinationMac)));
        boolean attached = false;
        try {
            child.awaitLine(ATTACHED, Duration.ofSeconds(60));
            attached = true;
            return child;
        } finally {
            if (!attached) {
                child.close();
            }
        }
    }

    /** Arguments: the socket, its own MAC address and that to which it sends, as numbers. */
    public static void main(String[] arguments) {
        FrameFactory frames = new FrameFactory(Long.parseLong(arguments[2]), Long.parseLong(arguments[1]), 0);
        long endNanos = System.nanoTime() + LONGEST_LIFE_NANOS;
        try (SimulatedGuest guest = SimulatedGuest.connect(Path.of(arguments[0]), GuestOptions.DEFAULTS)) {
            DriverTransmitQueue queue = guest.transmitQueue(0);
            boolean told = false;
            while (System.nanoTime() - endNanos < 0) {
                send(queue, frames);
                if (!told && queue.usedFrames() > BURST) {
                    told = true;
                    System.out.println(ATTACHED);
                }
            }
        }
    }

    private static void send(DriverTransmitQueue queue, FrameFactory frames) {
        for (int i = 0; i < BURST; i++) {
            long address = queue.reserve();
            if (address == 0) {
                Pause.millis(1);
                break;
            }
            frames.write(address, FRAME_BYTES);
            queue.submit(FRAME_BYTES);
        }
        queue.flush();
    }
}
