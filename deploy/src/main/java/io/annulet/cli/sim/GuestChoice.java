package io.annulet.cli.sim;

import io.annulet.guest.Framing;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.KickPolicy;
import io.annulet.guest.NetDriver;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.RamOptions;
import io.annulet.vhostuser.VirtioFeature;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what kind of guest is simulated. */
final class GuestChoice {

    /** How a ring is laid out. */
    enum Ring {
        SPLIT,
        PACKED
    }

    /** When the back-end is kicked. */
    enum Kick {
        ASKED(KickPolicy.AS_ASKED),
        ALWAYS(KickPolicy.ALWAYS),
        NEVER(KickPolicy.NEVER);

        private final KickPolicy policy;

        Kick(KickPolicy policy) {
            this.policy = policy;
        }
    }

    @Option(names = "--ring", paramLabel = "split|packed", description = "The layout of the rings (default: split).")
    private Ring ring = Ring.SPLIT;

    @Option(
            names = "--ring-size",
            paramLabel = "N",
            description = "Descriptors of each ring, a power of two unless it is packed (default: 256).")
    private int ringSize = QueueOptions.DEFAULTS.ringSize();

    @Option(names = "--queues", paramLabel = "N", description = "Queue pairs of each guest (default: 1).")
    private int queuePairs = 1;

    @Option(
            names = "--no-mergeable",
            description = "Each received frame has to fit one buffer: don't acknowledge mergeable receive buffers.")
    private boolean unmergeable;

    @Option(names = "--no-event-idx", description = "Suppress notifications by flag, not by event index.")
    private boolean withoutEventIndex;

    @Option(names = "--in-order", description = "Buffers are used in the order in which they were offered.")
    private boolean inOrder;

    @Option(
            names = "--iommu",
            description = "Addresses are those of an IOMMU, which the back-end has to ask for translations.")
    private boolean translated;

    @Option(
            names = "--descriptors",
            paramLabel = "N",
            description = "Descriptors of each frame that is sent (default: 1).")
    private int descriptors = 1;

    @Option(names = "--indirect", description = "Frames are sent through indirect descriptor tables.")
    private boolean indirect;

    @Option(
            names = "--receive-buffer",
            paramLabel = "BYTES",
            description = "Bytes of a receive buffer (default: 2048; without mergeable buffers at least a frame).")
    private int receiveBufferByteLength = QueueOptions.DEFAULTS.receiveBufferByteLength();

    @Option(
            names = "--kick",
            paramLabel = "asked|always|never",
            description = "Kick the back-end when it asks for it (default), with every batch, or never.")
    private Kick kick = Kick.ASKED;

    @Option(names = "--huge-pages", description = "Guest memory in huge pages, which have to be set aside before.")
    private boolean hugePages;

    /** @throws IllegalArgumentException if the options do not fit each other; the message says how */
    GuestOptions options(long timeoutNanos) {
        if (descriptors < 1) {
            throw new IllegalArgumentException("a frame has a descriptor at least, not " + descriptors);
        }
        Framing pieces = Framing.pieces(descriptors);
        QueueOptions queues = QueueOptions.DEFAULTS
                .withRingSize(ringSize)
                .withTransmitFraming(indirect ? pieces.throughTable() : pieces)
                .withReceiveBuffers(receiveBufferByteLength, Framing.ONE_DESCRIPTOR)
                .withKickPolicy(kick.policy);
        return GuestOptions.DEFAULTS
                .withFeatures(features())
                .withQueuePairs(queuePairs)
                .withQueues(queues)
                .withTimeoutNanos(timeoutNanos);
    }

    private long features() {
        long features = GuestOptions.LINUX_FEATURES;
        features |= translated ? VirtioFeature.ACCESS_PLATFORM : 0;
        features |= inOrder ? VirtioFeature.IN_ORDER : 0;
        features |= isPacked() ? VirtioFeature.RING_PACKED : 0;
        features &= unmergeable ? ~VirtioFeature.NET_MRG_RXBUF : -1;
        return features & (withoutEventIndex ? ~VirtioFeature.EVENT_IDX : -1);
    }

    /** What was asked for and has nothing to stand in for it, among the acknowledged features; null if all is there. */
    @Nullable
    String missing(long acknowledged) {
        if (isPacked() && (acknowledged & VirtioFeature.RING_PACKED) == 0) {
            return "packed rings";
        }
        if (translated && (acknowledged & VirtioFeature.ACCESS_PLATFORM) == 0) {
            return "address translation";
        }
        return inOrder && (acknowledged & VirtioFeature.IN_ORDER) == 0 ? "in-order use" : null;
    }

    private boolean isPacked() {
        return ring == Ring.PACKED;
    }

    /** The guest with the memory that its queues need, in huge pages if that was asked for. */
    GuestOptions withRam(GuestOptions guest) {
        if (!hugePages) {
            return guest;
        }
        long byteLength = NetDriver.ramByteLength(guest.queues(), guest.queuePairs());
        return guest.withRam(RamOptions.of(byteLength).withBacking(RamOptions.Backing.HUGE_PAGES));
    }

    /** The options as a report gives them back. */
    Map<String, Object> report() {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("ring", isPacked() ? "packed" : "split");
        report.put("ring_size", ringSize);
        report.put("queue_pairs", queuePairs);
        report.put("mergeable", !unmergeable);
        report.put("event_idx", !withoutEventIndex);
        report.put("in_order", inOrder);
        report.put("iommu", translated);
        report.put("descriptors", descriptors);
        report.put("indirect", indirect);
        report.put("receive_buffer_bytes", receiveBufferByteLength);
        report.put("kick", kick.name().toLowerCase(Locale.ROOT));
        report.put("huge_pages", hugePages);
        return report;
    }
}
