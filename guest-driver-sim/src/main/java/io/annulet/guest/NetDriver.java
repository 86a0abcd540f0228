package io.annulet.guest;

import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A virtio-net driver in user space: pairs of receive and transmit queues in guest RAM; owned by one thread. Queues share
 * nothing, so between start and stop each may have a thread of its own.
 *
 * <p>It needs no front-end: looped to a device half in the same process it shows what it costs by itself.
 */
public final class NetDriver implements AutoCloseable {

    private final QueueOptions options;
    private final List<DriverReceiveQueue> receiveQueues = new ArrayList<>();
    private final List<DriverTransmitQueue> transmitQueues = new ArrayList<>();
    private final List<DriverVring> vrings = new ArrayList<>();
    private @Nullable DriverControlQueue controlQueue;

    public NetDriver(GuestRam ram, QueueOptions options, int queuePairs) {
        this.options = options;
        boolean complete = false;
        try {
            for (int pair = 0; pair < queuePairs; pair++) {
                receiveQueues.add(new DriverReceiveQueue(ram, addVring(ram), options));
                transmitQueues.add(new DriverTransmitQueue(ram, addVring(ram), options));
            }
            complete = true;
        } finally {
            if (!complete) {
                vrings.forEach(DriverVring::close);
            }
        }
    }

    private DriverVring addVring(GuestRam ram) {
        DriverVring vring = new DriverVring(vrings.size(), RawRing.allocate(ram, options.ringSize()));
        vrings.add(vring);
        return vring;
    }

    /** Adds a control queue, which is the ring behind those of all pairs that the device has. */
    void addControlQueue(GuestRam ram, int index) {
        DriverControlQueue added = new DriverControlQueue(ram, index);
        controlQueue = added;
        vrings.add(added.vring());
    }

    /** Guest RAM that is enough for this many pairs, a multiple of 2 MiB. */
    public static long ramByteLength(QueueOptions options, int queuePairs) {
        return ramByteLength(options, queuePairs, 0);
    }

    static long ramByteLength(QueueOptions options, int queuePairs, long more) {
        long huge = 2L << 20;
        return (options.pairByteLength() * queuePairs + more + huge - 1) / huge * huge;
    }

    /** Begins afresh, as a driver that probes its device: rings cleared, all receive buffers offered. */
    public void start(long acknowledgedFeatures) {
        if (controlQueue != null) {
            controlQueue.start(acknowledgedFeatures);
        }
        for (int vring = 2 * queuePairs() - 1; vring >= 0; vring--) {
            start(vring, acknowledgedFeatures);
        }
    }

    /** Likewise one queue alone: its ring cleared, and its receive buffers offered if it has any. */
    void start(int vring, long acknowledgedFeatures) {
        int headerByteLength = NetHeaderLayout.byteLength(acknowledgedFeatures);
        if (vring % 2 == 1) {
            transmitQueues.get(vring / 2).start(acknowledgedFeatures, headerByteLength, options.baseIndex());
        } else {
            boolean mergeable = (acknowledgedFeatures & VirtioFeature.NET_MRG_RXBUF) != 0;
            receiveQueues.get(vring / 2).start(acknowledgedFeatures, headerByteLength, mergeable, options.baseIndex());
        }
    }

    public int queuePairs() {
        return receiveQueues.size();
    }

    public DriverReceiveQueue receiveQueue(int pair) {
        return receiveQueues.get(pair);
    }

    public DriverTransmitQueue transmitQueue(int pair) {
        return transmitQueues.get(pair);
    }

    /** Null if none was agreed on. */
    public @Nullable DriverControlQueue controlQueue() {
        return controlQueue;
    }

    /** All vrings in the order of their numbers: receive queue 0, transmit queue 0, receive queue 1, ..., control queue. */
    public List<DriverVring> vrings() {
        return List.copyOf(vrings);
    }

    @Override
    public void close() {
        vrings.forEach(DriverVring::close);
    }
}
