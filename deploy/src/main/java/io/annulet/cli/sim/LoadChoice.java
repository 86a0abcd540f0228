package io.annulet.cli.sim;

import io.annulet.guest.traffic.Batching;
import io.annulet.guest.traffic.CaptureFile;
import io.annulet.guest.traffic.FrameForm;
import io.annulet.guest.traffic.FrameSizes;
import io.annulet.guest.traffic.Load;
import io.annulet.guest.traffic.Offload;
import io.annulet.guest.traffic.Offloading;
import io.annulet.guest.traffic.Proof;
import io.annulet.guest.traffic.Rate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what is sent, how fast and how long. */
final class LoadChoice {

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            description = "Lengths of frames in turn, without frame check sequence: 64, or 64,570,1518, or imix"
                    + " (7:4:1 of 64, 570 and 1518) (default: 64, or what the form needs at least).")
    private @Nullable String size;

    @Option(
            names = "--form",
            paramLabel = "FORM",
            description = "Test frames of an EtherType of their own, ethernet (default), or udp, tcp, udp6 or tcp6.")
    private @Nullable FrameForm form;

    @Option(
            names = "--offload",
            paramLabel = "WORK",
            description = "Leave this to the device, and take it undone: csum, tso4, tso6, ecn, ufo, uso4, uso6 or none"
                    + " (default).")
    private Offload offload = Offload.NONE;

    @Option(
            names = "--segment",
            paramLabel = "BYTES",
            description = "With --offload: payload of the segments to cut longer frames into (default: 1448).")
    private int segmentByteLength = Offloading.USUAL_SEGMENT_BYTES;

    @Option(
            names = "--flows",
            paramLabel = "N",
            description = "Flows of each sender, in turn: with --form udp each has its own ports (default: 1).")
    private int flows = 1;

    @Option(
            names = "--macs",
            paramLabel = "N",
            description = "Pairs of MAC addresses that the flows use in turn (default: 1).")
    private int macs = 1;

    @Option(
            names = "--pcap",
            paramLabel = "FILE",
            description = "Send the frames of this capture as they are, again and again, instead of test frames.")
    private @Nullable Path capture;

    @Option(
            names = "--proof",
            paramLabel = "PROOF",
            description = "What of test frames is written and checked: full, every byte (default); header, which leaves"
                    + " the payload untouched; or none, which sends the same frames again and counts what arrives.")
    private Proof proof = Proof.FULL;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            description =
                    "Of each sender: frames a second such as 100k or 1.5M, bits of frames a second such as 10Gbit,"
                            + " or max (default).")
    private String rate = "max";

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Show frames to the back-end N at a time (default: what is due, up to 32).")
    private @Nullable Integer batch;

    @Option(
            names = "--hold",
            paramLabel = "TIME",
            description = "How long a frame waits for its batch to be complete (default: 100us).")
    private String hold = "100us";

    @Option(names = "--frames", paramLabel = "N", description = "End after so many frames of each sender.")
    private @Nullable Long frames;

    @Option(
            names = "--duration",
            paramLabel = "TIME",
            description = "End after this time (default: 5s; with --frames and for receive and echo none).")
    private @Nullable String duration;

    @Option(
            names = "--warmup",
            paramLabel = "TIME",
            description = "Send as much before, uncounted (default: 1s; none with --frames).")
    private @Nullable String warmup;

    private static final long FOREVER_NANOS = Long.MAX_VALUE / 4;
    private static final String DEFAULT_WARMUP = "1s";
    private static final int USUAL_BYTES = 64;

    /**
     * @param defaultDuration if neither time nor frames are bounded; null for none
     * @throws IOException if the capture cannot be read
     * @throws IllegalArgumentException if the options do not fit each other; the message says how
     */
    Load load(@Nullable String defaultDuration) throws IOException {
        List<byte[]> captured =
                capture == null ? null : CaptureFile.read(capture).frames();
        String noWarmup = frames == null ? DEFAULT_WARMUP : "0s";
        FrameForm wantedForm = form == null ? offload.usualForm() : form;
        int usualByteLength = Math.max(USUAL_BYTES, wantedForm.minByteLength());
        FrameSizes sizes = size == null ? FrameSizes.of(usualByteLength) : FrameSizes.parse(size);
        Load load = Load.DEFAULTS
                .withCapture(captured)
                .withSizes(sizes)
                .withOffload(wantedForm, new Offloading(offload, segmentByteLength))
                .withProof(proof)
                .withFlows(flows, macs)
                .withRate(Rate.parse(rate))
                .withDurations(durationNanos(defaultDuration), Amounts.nanos(warmup == null ? noWarmup : warmup));
        if (batch != null) {
            load = load.withBatching(Batching.of(batch, Amounts.nanos(hold)));
        }
        return frames == null ? load : load.withFrames(frames);
    }

    private long durationNanos(@Nullable String defaultDuration) {
        if (duration != null) {
            return Amounts.nanos(duration);
        }
        return frames != null || defaultDuration == null ? FOREVER_NANOS : Amounts.nanos(defaultDuration);
    }

    /** Whether frames have the time in them at which they were sent. */
    boolean hasStamps() {
        return proof != Proof.NONE;
    }

    boolean hasCapture() {
        return capture != null;
    }

    /** What was made of the options, as a report gives it back. */
    Map<String, Object> report(Load load) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("form", hasCapture() ? "pcap" : load.form().name().toLowerCase(Locale.ROOT));
        report.put("offload", offload.name().toLowerCase(Locale.ROOT));
        report.put("segment_bytes", offload == Offload.NONE ? null : segmentByteLength);
        report.put("proof", proof.name().toLowerCase(Locale.ROOT));
        report.put("pcap", capture == null ? null : capture.toString());
        report.put("sizes", hasCapture() ? null : load.sizes().cycle());
        report.put("mean_bytes", load.meanByteLength());
        report.put("flows", load.flows());
        report.put("macs", load.macs());
        report.put("rate", load.rate().toString());
        report.put("frames_per_second", load.rate().isMax() ? null : load.rate().inFrames(load.meanByteLength()));
        report.put("burst", load.batching().burst());
        report.put("batch", load.batching().frames());
        report.put("hold_nanos", load.batching().holdNanos());
        report.put("frames", frames);
        report.put("duration_nanos", load.durationNanos() == FOREVER_NANOS ? null : load.durationNanos());
        report.put("warmup_nanos", load.warmupNanos());
        return report;
    }
}
