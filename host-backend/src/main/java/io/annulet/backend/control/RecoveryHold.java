package io.annulet.backend.control;

import java.util.ArrayList;
import java.util.List;

/**
 * Keeps guests that are back after a crash from sending before those they sent to are back too: else what one of them has in
 * its queue would be dropped. Owned by the control thread.
 *
 * <p>It lasts until every port whose rings were left behind has them started again, but not longer than a limit from when
 * all ports were open.
 */
final class RecoveryHold {

    /** A port whose rings a process left behind. */
    interface Held {
        /** Whether all of them run again. */
        boolean isBack();

        /** Lets its guest send. */
        void release();
    }

    private final List<Held> held = new ArrayList<>();
    private int portsToOpen;
    private boolean over;

    /** @param ports that will open */
    RecoveryHold(int ports) {
        portsToOpen = ports;
        over = ports == 0;
    }

    boolean isOver() {
        return over;
    }

    /** A port is open whose rings were left behind; it is held until it is released. */
    void hold(Held port) {
        held.add(port);
    }

    /**
     * One more port is open, held or not.
     *
     * @return whether it was the last one, so that the limit counts from now on
     */
    boolean onPortOpen() {
        if (portsToOpen == 0) {
            return false; // a port that was added later
        }
        portsToOpen--;
        look();
        return portsToOpen == 0;
    }

    /** Something may have changed. */
    void look() {
        if (!over && portsToOpen == 0 && held.stream().allMatch(Held::isBack)) {
            end();
        }
    }

    /** Whoever is not back by now is not waited for. */
    void end() {
        if (!over) {
            over = true;
            held.forEach(Held::release);
            held.clear();
        }
    }
}
