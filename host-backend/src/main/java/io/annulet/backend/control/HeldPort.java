package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import java.util.Arrays;

/** A guest that has to be back, or waited for long enough, before it or others send; owned by the control thread. */
final class HeldPort implements RecoveryHold.Held {

    private final GuestEndpoint endpoint;
    private final PortProxy proxy;

    HeldPort(GuestEndpoint endpoint, PortProxy proxy) {
        this.endpoint = endpoint;
        this.proxy = proxy;
    }

    boolean isOf(GuestEndpoint port) {
        return endpoint == port;
    }

    /** Its guest does not send until it is released. */
    void hold() {
        proxy.holdQueues(() -> {});
    }

    @Override
    public boolean isBack() {
        Session session = endpoint.session();
        if (session == null) {
            return false;
        }
        RingRecords records = endpoint.records();
        return records.isAnyLeft()
                ? records.isBack(session.device().vrings())
                : runs(session.device().vring(0)) && runs(session.device().vring(1));
    }

    /** Without records the first pair is all that a guest is sure to have. */
    private static boolean runs(VringConfig vring) {
        return vring.isStarted() && vring.isEnableWished();
    }

    @Override
    public void release() {
        int rings = 2 * endpoint.options().queuePairs() + 1;
        proxy.releaseQueues(Arrays.copyOf(endpoint.records().passedChains(), rings), () -> {});
    }
}
