package io.annulet.backend.control;

import io.annulet.backend.port.PortListener;
import io.annulet.vring.RingFault;
import java.util.function.Consumer;

/** What workers tell of a guest's port, on their own threads; handed over to its session on the control thread. */
final class FromWorkers implements PortListener {

    private final GuestEndpoint endpoint;
    private final ControlLoop loop;

    FromWorkers(GuestEndpoint endpoint, ControlLoop loop) {
        this.endpoint = endpoint;
        this.loop = loop;
    }

    @Override
    public void onRingBroken(int queueIndex, RingFault fault) {
        tell(session -> {
            session.onRingBroken(queueIndex, fault);
            endpoint.recordFault("vring " + queueIndex + " broken");
        });
    }

    @Override
    public void onCommand(long ticket, byte[] command, int answerRoom) {
        tell(session -> session.onCommand(ticket, command, answerRoom));
    }

    @Override
    public void onMemoryAwaited(int queueIndex, long[] guestAddresses, int[] accesses) {
        tell(session -> {
            Device device = session.device();
            if (session.isConnected() && device.isTranslated() && device.iotlb.isWorked(queueIndex)) {
                device.iotlb.ask(queueIndex, guestAddresses, accesses);
            }
        });
    }

    @Override
    public void onMemoryLost(int epoch) {
        tell(session -> {
            if (epoch == endpoint.port().epoch()) {
                session.onMemoryLost();
            }
        });
    }

    private void tell(Consumer<Session> what) {
        loop.execute(() -> {
            Session current = endpoint.session();
            if (current != null) {
                what.accept(current);
            }
        });
    }
}
