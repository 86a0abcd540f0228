package io.annulet.guest.traffic;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.DriverVring;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.IoTranslation;
import io.annulet.guest.NetDriver;
import io.annulet.guest.SimulatedGuest;
import io.annulet.memory.HostMemory;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One guest of a run; its front-end belongs to the thread that runs the phases.
 *
 * @param number which its addresses follow from
 * @param name as the user knows it
 */
record Station(int number, String name, SimulatedGuest guest) {

    private static final int TYPE_AT = 12;
    private static final int RARP = 0x8035;
    private static final int ANNOUNCEMENT_BYTES = 60;

    NetDriver driver() {
        return guest.driver();
    }

    /** Tells a switch where its addresses are, as guests do after migration: one RARP frame for each. */
    void announce(int macs) {
        DriverTransmitQueue queue = guest.transmitQueue(0);
        for (int i = 0; i < macs; i++) {
            if (!queue.send(announcement(MacAddresses.of(number, i)))) {
                break; // the ring is full of them: the rest is learnt from traffic
            }
        }
        queue.flush();
    }

    private static byte[] announcement(long mac) {
        ByteBuffer frame = ByteBuffer.allocate(ANNOUNCEMENT_BYTES);
        putMac(frame, MacAddresses.BROADCAST);
        putMac(frame, mac);
        frame.putShort((short) RARP)
                .putShort((short) 1)
                .putShort((short) 0x0800)
                .put((byte) 6)
                .put((byte) 4)
                .putShort((short) 3);
        putMac(frame, mac);
        frame.putInt(0);
        putMac(frame, mac);
        return frame.array();
    }

    /** Whether a frame is one that {@link #announce} sends. */
    static boolean isAnnouncement(long address, int byteLength) {
        if (byteLength != ANNOUNCEMENT_BYTES) {
            return false; // without a look at it
        }
        return Short.reverseBytes((short) HostMemory.loadShortUnaligned(address + TYPE_AT)) == (short) RARP;
    }

    private static void putMac(ByteBuffer frame, long mac) {
        frame.putShort((short) (mac >>> 32)).putInt((int) mac);
    }

    /**
     * What the back-end did to this guest that ends every run, as a sentence; null if nothing. Whoever asks answers the
     * back-end's own questions too.
     */
    @Nullable
    String whatEndsIt() {
        try {
            serveTranslation();
        } catch (FrontEndException e) {
            return "the back-end of " + name + " did not take a translation: " + e.getMessage();
        }
        if (guest.frontEnd().awaitClosed(0)) {
            return "the back-end closed the connection of " + name;
        }
        for (DriverVring vring : guest.driver().vrings()) {
            if (vring.awaitError(0)) {
                return "the back-end says that vring " + vring.index() + " of " + name + " is broken";
            }
        }
        return null;
    }

    private void serveTranslation() {
        IoTranslation translation = guest.translation();
        if (translation != null) {
            translation.serve(0);
        }
    }

    long kicks() {
        return guest.driver().vrings().stream().mapToLong(DriverVring::kicks).sum();
    }

    long calls() {
        return guest.driver().vrings().stream().mapToLong(DriverVring::calls).sum();
    }
}
