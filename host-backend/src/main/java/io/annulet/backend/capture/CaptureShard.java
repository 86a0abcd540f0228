package io.annulet.backend.capture;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.FrameObserver;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.port.FrameRing;
import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What one worker does for a capture: copies the frames that are wanted into a ring; owned by that worker. A frame that finds
 * no room there is missed and counted.
 *
 * <p>Of a capture of all frames, a frame from a port is copied before it is decided on, since it may change its form then,
 * and gets the reason later if it is dropped. Of one of dropped frames only, it is copied when that is known.
 */
final class CaptureShard implements FrameObserver {

    static final int RING_BYTES = 4 << 20;

    private final CaptureOptions options;
    private final Interfaces interfaces;
    private final FrameRing ring = new FrameRing(RING_BYTES);
    private final FrameFields fields = new FrameFields();
    private final AtomicLong missed = new AtomicLong();
    private final long[] inRecords = new long[FrameBurst.CAPACITY];
    private final long[] outRecords = new long[FrameBurst.CAPACITY];
    private final long epochOffsetNanos;
    private boolean isIn;
    private long epochNanos;
    private volatile boolean ended;

    /** @param epochOffsetNanos what to add to the monotonic clock */
    CaptureShard(CaptureOptions options, Interfaces interfaces, long epochOffsetNanos) {
        this.options = options;
        this.interfaces = interfaces;
        this.epochOffsetNanos = epochOffsetNanos;
    }

    /** The clock's time since 1970 minus {@link System#nanoTime}. */
    static long epochOffsetNanos() {
        return TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) - System.nanoTime();
    }

    /** Its consumer is the thread that writes. */
    FrameRing ring() {
        return ring;
    }

    /** Frames that were wanted and found no room. From any thread. */
    long missed() {
        return missed.get();
    }

    /** Nothing is wanted any more. From any thread. */
    void end() {
        ended = true;
    }

    private boolean wants(Port port, CaptureOptions.Direction direction) {
        return !ended
                && (options.direction() == CaptureOptions.Direction.BOTH || options.direction() == direction)
                && (options.ports().isEmpty() || options.ports().contains(port.name()));
    }

    private boolean isOfAll() {
        return options.drops().isEmpty();
    }

    @Override
    public void pulled(Port source, FrameBurst burst) {
        epochNanos = epochOffsetNanos + System.nanoTime();
        isIn = wants(source, CaptureOptions.Direction.IN);
        if (isIn && isOfAll()) {
            for (int i = 0; i < burst.count(); i++) {
                inRecords[i] = add(source, burst, i, true);
            }
        }
    }

    @Override
    public void finished(Port source, FrameBurst burst) {
        for (int i = 0; i < burst.count() && isIn; i++) {
            DropReason why = burst.drop(i);
            if (why != null) {
                dropped(source, burst, i, why, inRecords[i], true);
            }
        }
        ring.publish();
    }

    @Override
    public void pushing(Port destination, FrameBurst burst, FrameList frames) {
        if (isOfAll()) {
            boolean isOut = wants(destination, CaptureOptions.Direction.OUT);
            for (int i = 0; i < frames.count(); i++) {
                outRecords[i] = isOut ? add(destination, burst, frames.frame(i), false) : FrameRing.NONE;
            }
        }
    }

    @Override
    public void pushed(Port destination, FrameBurst burst, FrameList frames) {
        if (wants(destination, CaptureOptions.Direction.OUT)) {
            for (int i = 0; i < frames.count(); i++) {
                DropReason why = burst.watch().lost(frames.frame(i));
                if (why != null) {
                    dropped(destination, burst, frames.frame(i), why, outRecords[i], false);
                }
            }
        }
    }

    @Override
    public void withheld(Port destination, FrameBurst burst, int frame, DropReason why) {
        if (wants(destination, CaptureOptions.Direction.OUT)) {
            long record = isOfAll() ? add(destination, burst, frame, false) : FrameRing.NONE;
            dropped(destination, burst, frame, why, record, false);
        }
    }

    @Override
    public void abandoned() {
        ring.forget();
        Arrays.fill(inRecords, FrameRing.NONE);
        Arrays.fill(outRecords, FrameRing.NONE);
    }

    private void dropped(Port port, FrameBurst burst, int frame, DropReason why, long record, boolean in) {
        long its = record;
        if (!isOfAll()) {
            its = options.drops().contains(why) ? add(port, burst, frame, in) : FrameRing.NONE;
        }
        if (its != FrameRing.NONE) {
            CaptureRecord.reason(its, why);
        }
    }

    private long add(Port port, FrameBurst burst, int frame, boolean in) {
        if (!options.filter().isAll() && !matches(burst, frame)) {
            return FrameRing.NONE;
        }
        int number = interfaces.number(port);
        long record = CaptureRecord.add(ring, burst, frame, options.snapByteLength(), epochNanos, number, in);
        if (record == FrameRing.NONE) {
            missed.lazySet(missed.get() + 1);
            port.counters().captureMissed();
        }
        return record;
    }

    private boolean matches(FrameBurst burst, int frame) {
        burst.extend(frame);
        long at = burst.snapshotAddress(frame) + NetHeader.BYTES;
        fields.load(at, burst.snapshotFrameBytes(frame), burst.frameByteLength(frame));
        return options.filter().matches(fields);
    }

    /** Several of them, one after the other. */
    static @Nullable FrameObserver all(CaptureShard[] shards) {
        return switch (shards.length) {
            case 0 -> null;
            case 1 -> shards[0];
            default -> new Several(shards);
        };
    }

    private static final class Several implements FrameObserver {

        private final CaptureShard[] shards;

        Several(CaptureShard[] shards) {
            this.shards = shards;
        }

        @Override
        public void pulled(Port source, FrameBurst burst) {
            for (CaptureShard shard : shards) {
                shard.pulled(source, burst);
            }
        }

        @Override
        public void pushing(Port destination, FrameBurst burst, FrameList frames) {
            for (CaptureShard shard : shards) {
                shard.pushing(destination, burst, frames);
            }
        }

        @Override
        public void pushed(Port destination, FrameBurst burst, FrameList frames) {
            for (CaptureShard shard : shards) {
                shard.pushed(destination, burst, frames);
            }
        }

        @Override
        public void withheld(Port destination, FrameBurst burst, int frame, DropReason why) {
            for (CaptureShard shard : shards) {
                shard.withheld(destination, burst, frame, why);
            }
        }

        @Override
        public void finished(Port source, FrameBurst burst) {
            for (CaptureShard shard : shards) {
                shard.finished(source, burst);
            }
        }

        @Override
        public void abandoned() {
            for (CaptureShard shard : shards) {
                shard.abandoned();
            }
        }
    }
}
