package io.annulet.guest.traffic;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is sent, how fast and how long.
 *
 * @param offloading what test frames leave to the device
 * @param sizes of test frames; not used with a capture
 * @param flows of each sender, in turn
 * @param macs how many pairs of MAC addresses the flows use
 * @param capture frames to send as they are instead of test frames; null for test frames
 * @param proof how much of test frames is written and checked
 * @param frames at most so many for each sender
 * @param durationNanos at most so long
 * @param warmupNanos sent before, and not counted
 */
public record Load(
        FrameForm form,
        Offloading offloading,
        FrameSizes sizes,
        int flows,
        int macs,
        @Nullable List<byte[]> capture,
        Proof proof,
        Rate rate,
        Batching batching,
        long frames,
        long durationNanos,
        long warmupNanos) {

    public static final int MAX_FLOWS = 65_536;

    private static final long SECOND = 1_000_000_000L;

    /** One flow of 64-byte frames, as many as go in five seconds. */
    public static final Load DEFAULTS = new Load(
            FrameForm.ETHERNET,
            Offloading.NONE,
            FrameSizes.of(64),
            1,
            1,
            null,
            Proof.FULL,
            Rate.MAX,
            Batching.DEFAULTS,
            Long.MAX_VALUE,
            5 * SECOND,
            SECOND);

    public Load {
        if (flows < 1 || flows > MAX_FLOWS || macs < 1 || macs > flows) {
            throw new IllegalArgumentException(
                    flows + " flows with " + macs + " MAC addresses: 1 to " + MAX_FLOWS + ", and no more addresses");
        }
        if (capture == null && sizes.min() < form.minByteLength()) {
            throw new IllegalArgumentException(
                    "test frames of this form have " + form.minByteLength() + " bytes at least, not " + sizes.min());
        }
        if (!offloading.kind().fits(form)) {
            throw new IllegalArgumentException("frames of the form " + form + " have nothing for " + offloading.kind());
        }
        if (proof != Proof.FULL && capture != null) {
            throw new IllegalArgumentException("frames of a capture are proven in full");
        }
        if (proof != Proof.FULL && TransportFrames.haveFullChecksum(form, offloading)) {
            throw new IllegalArgumentException(
                    "frames of the form " + form + " are proven in full, since their checksum"
                            + " is over every byte; leave it to the device with --offload csum");
        }
        if (frames < 1 || durationNanos < 1 || warmupNanos < 0) {
            throw new IllegalArgumentException("no frame, or no time to send it");
        }
    }

    public Load withSizes(FrameSizes other) {
        return new Load(
                form,
                offloading,
                other,
                flows,
                macs,
                capture,
                proof,
                rate,
                batching,
                frames,
                durationNanos,
                warmupNanos);
    }

    public Load withForm(FrameForm other) {
        return new Load(
                other,
                offloading,
                sizes,
                flows,
                macs,
                capture,
                proof,
                rate,
                batching,
                frames,
                durationNanos,
                warmupNanos);
    }

    /** With frames of this form that leave something to the device. */
    public Load withOffload(FrameForm other, Offloading some) {
        return new Load(
                other, some, sizes, flows, macs, capture, proof, rate, batching, frames, durationNanos, warmupNanos);
    }

    public Load withFlows(int count, int addresses) {
        return new Load(
                form,
                offloading,
                sizes,
                count,
                addresses,
                capture,
                proof,
                rate,
                batching,
                frames,
                durationNanos,
                warmupNanos);
    }

    public Load withCapture(@Nullable List<byte[]> some) {
        return new Load(
                form, offloading, sizes, flows, macs, some, proof, rate, batching, frames, durationNanos, warmupNanos);
    }

    public Load withProof(Proof other) {
        return new Load(
                form,
                offloading,
                sizes,
                flows,
                macs,
                capture,
                other,
                rate,
                batching,
                frames,
                durationNanos,
                warmupNanos);
    }

    public Load withRate(Rate other) {
        return new Load(
                form,
                offloading,
                sizes,
                flows,
                macs,
                capture,
                proof,
                other,
                batching,
                frames,
                durationNanos,
                warmupNanos);
    }

    public Load withBatching(Batching other) {
        return new Load(
                form, offloading, sizes, flows, macs, capture, proof, rate, other, frames, durationNanos, warmupNanos);
    }

    public Load withFrames(long count) {
        return new Load(
                form,
                offloading,
                sizes,
                flows,
                macs,
                capture,
                proof,
                rate,
                batching,
                count,
                durationNanos,
                warmupNanos);
    }

    public Load withDurations(long nanos, long warmup) {
        return new Load(form, offloading, sizes, flows, macs, capture, proof, rate, batching, frames, nanos, warmup);
    }

    /** Mean length of the frames in bytes. */
    public double meanByteLength() {
        return capture == null
                ? sizes.mean()
                : capture.stream().mapToInt(frame -> frame.length).average().orElseThrow();
    }

    /** Length of the longest frame in bytes. */
    public int maxByteLength() {
        return capture == null
                ? sizes.max()
                : capture.stream().mapToInt(frame -> frame.length).max().orElseThrow();
    }
}
