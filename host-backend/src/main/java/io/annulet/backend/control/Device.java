package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The device that one front-end has set up, all of its state; owned by the control thread. A new session begins with a new
 * one.
 */
final class Device {

    final VhostUserOptions options;
    final PortProxy port;
    final Negotiation negotiation;
    final Retired retired = new Retired();
    private final VringConfig[] vrings;

    /** Read by the worker too, after an access to memory failed. */
    private volatile MemoryTable memory = MemoryTable.EMPTY;

    /** The device status of VIRTIO, as the front-end last told it. */
    int status;

    /** What the front-end told the guest, 0 if nothing. */
    int mtu;

    private @Nullable Fd backendChannel;

    Device(VhostUserOptions options, PortProxy port) {
        this.options = options;
        this.port = port;
        this.negotiation = new Negotiation(Offer.features(options), Offer.protocolFeatures());
        this.vrings = new VringConfig[2 * options.queuePairs()];
        Arrays.setAll(vrings, VringConfig::new);
    }

    List<VringConfig> vrings() {
        return List.of(vrings);
    }

    /** The ring of an index as it came, not cut to fewer bits. */
    VringConfig vring(long index) {
        if (index < 0 || index >= vrings.length) {
            throw new MessageFault("vring " + Long.toUnsignedString(index) + " of " + vrings.length);
        }
        return vrings[(int) index];
    }

    List<VringConfig> startedVrings() {
        return Arrays.stream(vrings).filter(VringConfig::isStarted).toList();
    }

    MemoryTable memory() {
        return memory;
    }

    void memory(MemoryTable next) {
        memory = next;
    }

    /** Keeps the socket for requests of our own; the one before is closed. */
    void backendChannel(@Nullable Fd socket) {
        retired.add(backendChannel);
        backendChannel = socket;
    }

    /** Every descriptor that the worker may signal, those included that it was told to let go of. */
    List<EventFd> signals() {
        List<EventFd> signals = retired.eventFds();
        for (VringConfig vring : vrings) {
            if (vring.call != null) {
                signals.add(vring.call);
            }
            if (vring.error != null) {
                signals.add(vring.error);
            }
        }
        return signals;
    }

    /** Descriptors that this device holds. */
    int descriptorCount() {
        int count = memory.regions().size() + (backendChannel == null ? 0 : 1);
        for (VringConfig vring : vrings) {
            count += (vring.kick == null ? 0 : 1) + (vring.call == null ? 0 : 1) + (vring.error == null ? 0 : 1);
        }
        return count;
    }

    /** Lets go of everything; the worker has acknowledged that it has left all rings. */
    void release() {
        MemoryTable last = memory;
        memory = MemoryTable.EMPTY;
        last.regions().forEach(retired::add);
        for (VringConfig vring : vrings) {
            vring.stop();
            retired.add(vring.kick);
            retired.add(vring.call);
            retired.add(vring.error);
            vring.kick = null;
            vring.call = null;
            vring.error = null;
        }
        backendChannel(null);
        retired.closeAll();
    }
}
