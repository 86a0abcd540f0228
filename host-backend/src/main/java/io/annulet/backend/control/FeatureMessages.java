package io.annulet.backend.control;

/** The messages with which both sides agree on features; owned by the control thread. */
final class FeatureMessages {

    private final Device device;
    private final Negotiation negotiation;

    FeatureMessages(Device device) {
        this.device = device;
        this.negotiation = device.negotiation;
    }

    Answer getFeatures() {
        return new Answer.Value(negotiation.offeredFeatures());
    }

    /** Features stay as they are while rings run: header length and ring layout depend on them. */
    Answer setFeatures(Message message) {
        long wanted = message.u64();
        checkOffered(wanted, negotiation.offeredFeatures());
        if (wanted != negotiation.features() && !device.startedVrings().isEmpty()) {
            throw new MessageFault("features change while rings run");
        }
        negotiation.acknowledge(wanted);
        if (!negotiation.ringsStartDisabled()) {
            device.vrings().forEach(vring -> vring.enable(true));
        }
        return Answer.DONE;
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

    private static void checkOffered(long wanted, long offered) {
        if ((wanted & ~offered) != 0) {
            throw new MessageFault(String.format("features that were never offered: 0x%x", wanted & ~offered));
        }
    }

    /** For a network device QEMU means queue pairs. */
    Answer getQueueNum() {
        return new Answer.Value(device.options.queuePairs());
    }
}
