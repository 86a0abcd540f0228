package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Errno;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;

/** What a tap and the kernel leave to each other, and how far its word is taken; owned by the worker of its port. */
final class TapOffloads {

    private static final int ALWAYS = TapOptions.OFFLOAD_CHECKSUM
            | TapOptions.OFFLOAD_TSO4
            | TapOptions.OFFLOAD_TSO6
            | TapOptions.OFFLOAD_TSO_ECN
            | TapOptions.OFFLOAD_UFO;
    private static final int USO = TapOptions.OFFLOAD_USO4 | TapOptions.OFFLOAD_USO6;

    private final int accepts;
    private final int verify;
    private int unverified;

    /** @param verify of so many frames that the kernel calls checked one is checked again; 0 for none */
    TapOffloads(int accepts, int verify) {
        this.accepts = accepts;
        this.verify = verify;
    }

    /**
     * Agrees with the kernel on frames that are left unfinished, both ways.
     *
     * @return the {@link Offload}s of frames that may be written: UDP segments only where the kernel knows them
     */
    static int agree(Tap tap) {
        try {
            tap.offloads(ALWAYS | USO);
            return Offload.ALL;
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            tap.offloads(ALWAYS);
            return Offload.ALL & ~(Offload.USO4 | Offload.USO6);
        }
    }

    int accepts() {
        return accepts;
    }

    /** Checks now and then a frame whose checksum the kernel says it has checked; one that is wrong loses the mark. */
    void verify(FrameBurst burst, int frame, PortCounters counters) {
        if (verify == 0 || ++unverified < verify) {
            return;
        }
        unverified = 0;
        boolean right = burst.hasRightChecksum(frame);
        if (!right) {
            burst.unmark(frame);
        }
        counters.verified(right);
    }
}
