package io.annulet.backend.control;

import io.annulet.backend.data.QueueSetup;
import io.annulet.vring.InflightException;
import io.annulet.vring.InflightRegion;

/**
 * What a device's in-flight memory has of its rings when they start and stop; owned by the control thread. Nothing, while no
 * front-end has shared any.
 */
final class RingNotes {

    private final Device device;

    RingNotes(Device device) {
        this.device = device;
    }

    /**
     * A ring is about to start: from now on its chains are noted, and if an earlier device noted some it goes on with
     * those. Notes that cannot be right are not counted on; then the ring goes on as it would without any.
     */
    QueueSetup on(QueueSetup setup) {
        InflightMemory memory = device.inflight();
        if (memory == null || setup.queueIndex() >= memory.shape().queues()) {
            return setup;
        }
        if (!memory.isFor(setup)) {
            memory.forget(setup.queueIndex());
            device.tell(
                    "what is in flight of vring " + setup.queueIndex() + " is not noted: the memory for that is for "
                            + (memory.shape().packed() ? "packed" : "split") + " rings of "
                            + memory.shape().queueSize() + " descriptors");
            return setup;
        }
        InflightRegion region;
        try {
            region = memory.read(setup, device.memory());
        } catch (InflightException wrong) {
            device.tell("what was noted as in flight of vring " + setup.queueIndex() + " is not used: "
                    + wrong.getMessage());
            region = memory.anew(setup);
        }
        return setup.noted(region);
    }

    /** A ring was told another size: what was noted of it is of no use any more. */
    void onResize(int index, int size) {
        InflightMemory memory = device.inflight();
        if (memory != null && size != memory.shape().queueSize()) {
            memory.forget(index);
        }
    }

    /** A front-end has stopped a ring, and the worker has left it: all that was taken is given back, or put back. */
    void onStop(int index) {
        InflightMemory memory = device.inflight();
        if (memory != null) {
            memory.forget(index);
        }
    }
}
