package io.annulet.guest.conform;

import io.annulet.linux.EventFd;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the reference back-end does when it is told about a ring; used by the back-end's thread. */
final class ReferenceOrders {

    private static final int MOST_RINGS = 256;

    private ReferenceOrders() {}

    /** SET_VRING_NUM, SET_VRING_BASE and SET_VRING_ENABLE; whether that could be done. */
    static boolean state(ReferencePort port, Set<Flaw> flaws, VhostUserRequest request, int index, int number) {
        Flaw cut = switch (request) {
            case SET_VRING_NUM -> Flaw.CUTS_VRING_INDEX_IN_NUM;
            case SET_VRING_BASE -> Flaw.CUTS_VRING_INDEX_IN_BASE;
            default -> Flaw.CUTS_VRING_INDEX_IN_ENABLE;
        };
        if (index < 0 || index >= MOST_RINGS) {
            return flaws.contains(cut);
        }
        ReferenceRing ring = port.ring(index);
        switch (request) {
            case SET_VRING_NUM ->
                ring.size = ring.size > 0 && flaws.contains(Flaw.KEEPS_FIRST_SIZE) ? ring.size : number;
            case SET_VRING_BASE -> setBase(ring, flaws, number, port.connections());
            default -> enable(ring, flaws, number != 0);
        }
        return true;
    }

    private static void setBase(ReferenceRing ring, Set<Flaw> flaws, int base, int connections) {
        boolean zero = (flaws.contains(Flaw.BEGINS_AT_ZERO) && ring.baseCount == 0)
                || (flaws.contains(Flaw.RESUMES_AT_ZERO) && ring.baseCount > 0)
                || (flaws.contains(Flaw.FORGETS_RINGS_ON_RETURN) && ring.baseCount == 0 && connections > 1);
        ring.base = zero ? 0 : base;
        ring.baseCount++;
    }

    private static void enable(ReferenceRing ring, Set<Flaw> flaws, boolean enable) {
        if (!enable && flaws.contains(Flaw.RECEIVES_AFTER_DISABLED) && !ring.isTransmit()) {
            return;
        }
        if (enable && flaws.contains(Flaw.DISABLES_FOR_GOOD) && ring.wasToldEnabled && !ring.enabled) {
            return;
        }
        if (enable && !ring.enabled && flaws.contains(Flaw.WAITS_FOR_KICK_AFTER_ENABLE)) {
            ring.awake = false;
            if (ring.kick != null) {
                ring.kick.drain();
            }
        }
        ring.enabled = enable;
        ring.wasToldEnabled |= enable;
    }

    /** SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR. */
    static boolean eventFd(ReferenceRing ring, Set<Flaw> flaws, VhostUserRequest request, @Nullable EventFd fd) {
        switch (request) {
            case SET_VRING_KICK -> kick(ring, flaws, fd);
            case SET_VRING_CALL -> call(ring, flaws, fd);
            default -> {
                close(ring.err);
                ring.err = fd;
            }
        }
        return true;
    }

    private static void kick(ReferenceRing ring, Set<Flaw> flaws, @Nullable EventFd fd) {
        close(ring.kick);
        ring.kick = fd;
        ring.enabled &= !flaws.contains(Flaw.KICK_DISABLES);
        if (fd == null && flaws.contains(Flaw.NEEDS_KICK_FD)) {
            return;
        }
        if (fd != null && flaws.contains(Flaw.SWALLOWS_EARLY_KICK)) {
            fd.drain();
        }
        ring.startsByKick = flaws.contains(Flaw.SWALLOWS_EARLY_KICK) || flaws.contains(Flaw.STARTS_BY_KICK_ONLY);
        if (!ring.startsByKick) {
            ring.start();
        }
    }

    private static void call(ReferenceRing ring, Set<Flaw> flaws, @Nullable EventFd fd) {
        boolean refused = (fd != null && ring.call != null && flaws.contains(Flaw.FIRST_CALL_FD_ONLY))
                || (fd != null && ring.started && flaws.contains(Flaw.NO_LATE_CALL_FD))
                || (fd == null && flaws.contains(Flaw.KEEPS_CALL_FD));
        if (refused) {
            close(fd);
            return;
        }
        close(ring.call);
        ring.call = fd;
    }

    private static void close(@Nullable EventFd fd) {
        if (fd != null) {
            fd.close();
        }
    }
}
