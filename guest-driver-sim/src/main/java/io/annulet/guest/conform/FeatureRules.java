package io.annulet.guest.conform;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.util.List;

/**
 * Rules on what is offered. What depends on the control queue is left out: with vhost-user it may be the front-end's, and
 * then the offer of the device is not the back-end's alone.
 */
final class FeatureRules {

    private static final int MAX_QUEUE_PAIRS = 128;

    /**
     * An offload and what it depends on.
     *
     * @param anyOf of these one is enough
     */
    private record Dependency(String name, long feature, String needs, long anyOf) {}

    private static final long GUEST_TSO = VirtioFeature.NET_GUEST_TSO4 | VirtioFeature.NET_GUEST_TSO6;
    private static final long HOST_TSO = VirtioFeature.NET_HOST_TSO4 | VirtioFeature.NET_HOST_TSO6;

    private static final List<Dependency> DEPENDENCIES = List.of(
            new Dependency("GUEST_TSO4", VirtioFeature.NET_GUEST_TSO4, "GUEST_CSUM", VirtioFeature.NET_GUEST_CSUM),
            new Dependency("GUEST_TSO6", VirtioFeature.NET_GUEST_TSO6, "GUEST_CSUM", VirtioFeature.NET_GUEST_CSUM),
            new Dependency("GUEST_UFO", VirtioFeature.NET_GUEST_UFO, "GUEST_CSUM", VirtioFeature.NET_GUEST_CSUM),
            new Dependency("GUEST_ECN", VirtioFeature.NET_GUEST_ECN, "GUEST_TSO4 or GUEST_TSO6", GUEST_TSO),
            new Dependency("HOST_TSO4", VirtioFeature.NET_HOST_TSO4, "CSUM", VirtioFeature.NET_CSUM),
            new Dependency("HOST_TSO6", VirtioFeature.NET_HOST_TSO6, "CSUM", VirtioFeature.NET_CSUM),
            new Dependency("HOST_UFO", VirtioFeature.NET_HOST_UFO, "CSUM", VirtioFeature.NET_CSUM),
            new Dependency("HOST_USO", VirtioFeature.NET_HOST_USO, "CSUM", VirtioFeature.NET_CSUM),
            new Dependency("HOST_ECN", VirtioFeature.NET_HOST_ECN, "HOST_TSO4 or HOST_TSO6", HOST_TSO),
            new Dependency("RSC_EXT", VirtioFeature.NET_RSC_EXT, "HOST_TSO4 or HOST_TSO6", HOST_TSO));

    private FeatureRules() {}

    static List<Rule> all() {
        return List.of(
                Rule.must(
                        "VU-FEAT-01",
                        Document.VIRTIO,
                        "Reserved Feature Bits",
                        "VIRTIO_F_VERSION_1 is offered",
                        FeatureRules::version1),
                Rule.must(
                        "VU-FEAT-02",
                        Document.VIRTIO,
                        "Feature Bits; Network Device, Feature bit requirements",
                        "an offload is offered only with what it depends on",
                        FeatureRules::dependencies),
                Rule.must(
                        "VU-FEAT-03",
                        Document.VHOST_USER,
                        "Communication",
                        "a front-end that acknowledges what was not offered does not end the back-end",
                        FeatureRules::neverOffered),
                Rule.must(
                                "VU-FEAT-04",
                                Document.VHOST_USER,
                                "Multiple queue support",
                                "protocol feature MQ is offered",
                                FeatureRules::multiqueue)
                        .advised(),
                Rule.must(
                        "VU-FEAT-05",
                        Document.VHOST_USER,
                        "Front-end message types, GET_QUEUE_NUM",
                        "the number of queue pairs is 1 to 128: messages have 8 bits for the index of a vring",
                        FeatureRules::queueNumber),
                Rule.must(
                        "VU-FEAT-06",
                        Document.VHOST_USER,
                        "In-band notifications",
                        "INBAND_NOTIFICATIONS is offered only with BACKEND_REQ and REPLY_ACK, which it needs",
                        FeatureRules::inbandNotifications));
    }

    private static void version1(Trial trial) {
        long offered = trial.connect(0).getFeatures();
        Stop.unless((offered & VirtioFeature.VERSION_1) != 0, "bit 32 set", "features 0x" + Long.toHexString(offered));
    }

    private static void dependencies(Trial trial) {
        long offered = trial.connect(0).getFeatures();
        for (Dependency dependency : DEPENDENCIES) {
            Stop.unless(
                    (offered & dependency.feature()) == 0 || (offered & dependency.anyOf()) != 0,
                    dependency.name() + " only with " + dependency.needs(),
                    "features 0x" + Long.toHexString(offered));
        }
    }

    private static void neverOffered(Trial trial) {
        VhostUserFrontEnd frontEnd = trial.connect(0);
        long offered = frontEnd.getFeatures();
        long other = Long.lowestOneBit(~offered & ~VirtioFeature.LOG_ALL);
        try {
            frontEnd.setFeatures((offered & Setup.USUAL.features()) | other);
            frontEnd.getFeatures();
        } catch (FrontEndException refused) {
            // It may close the connection over this.
        }
        frontEnd.close();
        trial.pause();
        trial.connect(0);
    }

    private static void multiqueue(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL);
        guest.needs(VirtioFeature.PROTOCOL_FEATURES, "VHOST_USER_F_PROTOCOL_FEATURES");
        Stop.unless(
                ProtocolFeature.MQ.in(guest.offeredProtocol()),
                "bit 0 set",
                "protocol features 0x" + Long.toHexString(guest.offeredProtocol()));
    }

    private static void queueNumber(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL).needs(ProtocolFeature.MQ);
        long pairs = guest.frontEnd().getQueueNum();
        Stop.unless(pairs >= 1 && pairs <= MAX_QUEUE_PAIRS, "1 to 128", String.valueOf(pairs));
    }

    private static void inbandNotifications(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL);
        long offered = guest.offeredProtocol();
        if (!ProtocolFeature.INBAND_NOTIFICATIONS.in(offered)) {
            throw Stop.notOffered("VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS");
        }
        Stop.unless(
                ProtocolFeature.BACKEND_REQ.in(offered) && ProtocolFeature.REPLY_ACK.in(offered),
                "bits 5 and 3 beside bit 14",
                "protocol features 0x" + Long.toHexString(offered));
    }
}
