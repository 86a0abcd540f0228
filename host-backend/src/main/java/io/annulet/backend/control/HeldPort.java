package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;

/** A guest that has to be back, or waited for long enough, before it or others send; owned by the control thread. */
final class HeldPort implements RecoveryHold.Held {

    private final GuestEndpoint endpoint;
    private final PortProxy proxy;

    HeldPort(GuestEndpoint endpoint, PortProxy proxy) {
        this.endpoint = endpoint;
        this.proxy = proxy;
    }

    @Override
    public boolean isBack() {
        Session session = endpoint.session();
        return session != null && endpoint.records().isBack(session.device().vrings());
    }

    @Override
    public void release() {
        proxy.releaseQueues(endpoint.records().passedChains(), () -> {});
    }
}
