package io.annulet.backend.api;

import io.annulet.backend.control.SessionStatus;
import io.annulet.backend.data.RingStanding;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.List;

/** What stands out in a guest's session, with its remedy, for people who wonder why no frame moves; stateless. */
final class Advice {

    /** A driver kicks once for its first frame, and now and then for nothing. */
    private static final int MANY_KICKS = 3;

    private static final int DRIVER_OK = 4;

    /** Of a position in a packed ring, beside its wrap counter. */
    private static final int SLOTS = 0x7fff;

    private Advice() {}

    static List<String> of(SessionStatus status, List<RingStanding> rings) {
        List<String> advice = new ArrayList<>();
        if (!status.attached()) {
            advice.add("no front-end is connected: start the guest with this port's socket");
            return advice;
        }
        if (status.acknowledgedFeatures() != 0 && (status.acknowledgedFeatures() & VirtioFeature.VERSION_1) == 0) {
            advice.add("the guest has a legacy driver: use virtio-net-pci,disable-legacy=on, or a newer driver");
        }
        if (status.rings().isEmpty() || rings.isEmpty()) {
            advice.add("no ring is started: the guest has not loaded its virtio-net driver yet, or has stopped it");
        }
        for (RingStanding ring : rings) {
            if (ring.kicks() >= MANY_KICKS
                    && ring.frames() == 0
                    && ring.available() == 0
                    && (ring.usedPosition() & SLOTS) == 0) {
                advice.add("the driver kicks ring " + ring.queueIndex() + ", which shows nothing: guest memory is not"
                        + " shared; give QEMU -object memory-backend-memfd,share=on and -numa node,memdev=");
            }
            if (ring.fault() != null) {
                advice.add("the driver broke ring " + ring.queueIndex() + " (" + ring.fault()
                        + "): it is left alone until the driver resets its device");
            }
        }
        if (status.deviceStatus() != 0 && (status.deviceStatus() & DRIVER_OK) == 0) {
            advice.add(
                    "the driver is not ready (device status " + status.deviceStatus() + "): look at the guest's log");
        }
        return advice;
    }
}
