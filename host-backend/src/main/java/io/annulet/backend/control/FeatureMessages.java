package io.annulet.backend.control;

import io.annulet.vhostuser.VirtioFeature;

/** The messages with which both sides agree on features; owned by the control thread. */
final class FeatureMessages {

    private final Device device;
    private final Negotiation negotiation;
    private final Rings rings;

    FeatureMessages(Device device, Rings rings) {
        this.rings = rings;
        this.device = device;
        this.negotiation = device.negotiation;
    }

    Answer getFeatures() {
        return new Answer.Value(negotiation.offeredFeatures());
    }

    /** Features stay as they are while rings run, since header length and ring layout depend on them; but for the log. */
    Answer setFeatures(Message message) {
        long wanted = message.u64();
        checkOffered(wanted, negotiation.offeredFeatures());
        long changed = wanted ^ negotiation.features();
        if ((changed & ~VirtioFeature.LOG_ALL) != 0 && !device.startedVrings().isEmpty()) {
            throw new MessageFault("features change while rings run");
        }
        negotiation.acknowledge(wanted);
        if ((changed & VirtioFeature.ACCESS_PLATFORM) != 0) {
            device.iotlb.forget();
        }
        if (!negotiation.ringsStartDisabled()) {
            device.vrings().forEach(vring -> vring.enable(true));
        }
        if (device.startedVrings().isEmpty()) {
            Answer begun = beginAnew(device);
            return device.saved.isEmpty() ? begun : StateMessages.takeEffect(device);
        }
        return changed == 0 ? Answer.DONE : rings.refresh(() -> Answer.DONE);
    }

    /** A driver that begins has said nothing yet of how it wants its frames. */
    static Answer beginAnew(Device device) {
        boolean couldSay = device.net.hasControlQueue();
        device.net.restart(device.negotiation.features());
        return couldSay || device.net.hasControlQueue()
                ? Answer.afterWorker(done -> device.port.changeRules(device.net.rules(), done))
                : Answer.DONE;
    }

    Answer getProtocolFeatures() {
        return new Answer.Value(negotiation.offeredProtocolFeatures());
    }

    Answer setProtocolFeatures(Message message) {
        long wanted = message.u64();
        checkOffered(wanted, negotiation.offeredProtocolFeatures());
        negotiation.acknowledgeProtocol(wanted);
        return Answer.DONE;
    }

    static void checkOffered(long wanted, long offered) {
        if ((wanted & ~offered) != 0) {
            throw new MessageFault(String.format("features that were never offered: 0x%x", wanted & ~offered));
        }
    }

    /** For a network device QEMU means queue pairs. */
    Answer getQueueNum() {
        return new Answer.Value(device.options.queuePairs());
    }
}
