package io.annulet.backend.data;

import io.annulet.backend.offload.Checksum;
import io.annulet.backend.offload.FragmentSegmentation;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.offload.OffloadHeader;
import io.annulet.backend.offload.Segmentation;
import io.annulet.backend.offload.TransportSegmentation;
import io.annulet.backend.port.Port;
import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * The way to a port for frames that may need more than it takes; owned by a worker.
 *
 * <p>What the port takes is pushed as it is. If one frame of a list needs more, the whole list goes through a burst of
 * our own, in its order: finished frames have headers made here, and their payload stays where the sender has it, so it
 * is still copied once.
 */
final class OffloadFinisher {

    private final TransportSegmentation segments = new TransportSegmentation();
    private final FragmentSegmentation fragments = new FragmentSegmentation();
    private final FrameList list = new FrameList();
    private @Nullable FrameBurst own;
    private @Nullable RestCursor cursor;
    private int accepted;
    private int parts;
    private long partBytes;

    /** Pushes the listed frames to a port, finished as far as it needs them finished. */
    void push(Port to, FrameBurst burst, FrameList frames) {
        int needed = burst.offloads();
        if (needed == Offload.NONE) {
            burst.cost.add(burst, frames);
            burst.watch().push(to, burst, frames);
            return;
        }
        accepted = to.accepts();
        if ((needed & ~accepted) == 0) {
            burst.cost.add(burst, frames);
            to.counters().crossed(countUnfinished(burst, frames));
            burst.watch().push(to, burst, frames);
        } else {
            finish(to, burst, frames);
        }
    }

    private static int countUnfinished(FrameBurst burst, FrameList frames) {
        int count = 0;
        for (int i = 0; i < frames.count(); i++) {
            count += isUnfinished(burst.offloads(frames.frame(i))) ? 1 : 0;
        }
        return count;
    }

    private static boolean isUnfinished(int needed) {
        return (needed & ~Offload.VALID) != Offload.NONE;
    }

    private void finish(Port to, FrameBurst burst, FrameList frames) {
        if (own == null || cursor == null) {
            own = burst.another();
            cursor = new RestCursor(burst);
        }
        parts = 0;
        partBytes = 0;
        FrameBurst finished = own;
        finished.clear();
        finished.flow(burst.flow());
        finished.origin().madeOf(burst);
        finished.watch().observer(burst.watch().observer());
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            cursor.begin(burst, frame);
            int needed = burst.offloads(frame);
            int missing = needed & ~accepted;
            if (missing != Offload.NONE && (needed & Offload.LARGE) != 0) {
                cut(to, burst, frame, finished, cursor);
            } else {
                carry(to, burst, frame, finished, cursor, missing);
            }
        }
        flush(to, finished);
        burst.cost.add(parts, partBytes);
    }

    /** One frame that stays one frame. */
    private void carry(Port to, FrameBurst burst, int frame, FrameBurst finished, RestCursor at, int missing) {
        int needed = burst.offloads(frame);
        int kept = missing == Offload.NONE ? needed : Offload.NONE;
        makeRoom(to, finished);
        HostMemory.copy(burst.snapshotAddress(frame), finished.nextSnapshotAddress(), NetHeader.BYTES);
        add(to, finished, at, 0, 0, burst.frameByteLength(frame), kept);
        if (kept != Offload.NONE) {
            to.counters().crossed(isUnfinished(kept) ? 1 : 0);
        } else if ((needed & Offload.CHECKSUM) != 0) {
            complete(finished, finished.count() - 1);
            to.counters().checksummed(1);
        } else if (needed != Offload.NONE) {
            OffloadHeader.clear(finished.snapshotAddress(finished.count() - 1));
        }
    }

    /** One large frame that becomes many. */
    private void cut(Port to, FrameBurst burst, int frame, FrameBurst finished, RestCursor at) {
        long header = burst.snapshotAddress(frame);
        if ((burst.offloads(frame) & Offload.UFO) != 0) {
            long checksum = header + NetHeader.BYTES + OffloadHeader.checksumAt(header);
            int partial = HostMemory.loadShortUnaligned(checksum);
            completeAt(burst, frame);
            cut(to, burst, frame, finished, at, fragments, Offload.NONE);
            HostMemory.storeShortUnaligned(checksum, partial); // for other destinations, which may finish it themselves
        } else {
            cut(to, burst, frame, finished, at, segments, accepted & Offload.CHECKSUM);
        }
    }

    private void cut(
            Port to, FrameBurst burst, int frame, FrameBurst finished, RestCursor at, Segmentation how, int left) {
        how.begin(
                burst.snapshotAddress(frame),
                NetHeader.BYTES,
                burst.snapshotFrameBytes(frame),
                burst.frameByteLength(frame));
        int parts = how.count();
        for (int part = 0; part < parts; part++) {
            makeRoom(to, finished);
            long snapshot = finished.nextSnapshotAddress();
            int headBytes = how.writeHeaders(part, snapshot, NetHeader.BYTES);
            NetHeader.numBuffers(snapshot, 1);
            add(to, finished, at, headBytes, how.from(part), how.byteLength(part), left);
            if (how == segments && left == Offload.NONE) {
                complete(finished, finished.count() - 1);
            }
        }
        to.counters().segmented(1, parts);
    }

    private void makeRoom(Port to, FrameBurst finished) {
        if (finished.count() == FrameBurst.CAPACITY) {
            flush(to, finished);
        }
    }

    private void add(Port to, FrameBurst finished, RestCursor at, int headBytes, int from, int byteLength, int needed) {
        if (finished.append(headBytes, at, from, byteLength, needed)) {
            return;
        }
        // No room for its segments behind those of other frames; a burst of its own has room for any frame.
        long written = finished.nextSnapshotAddress();
        flush(to, finished);
        HostMemory.copy(written, finished.nextSnapshotAddress(), NetHeader.BYTES + headBytes);
        if (!finished.append(headBytes, at, from, byteLength, needed)) {
            throw new AssertionError("a burst has no room for one frame of a burst of the same size");
        }
    }

    private void flush(Port to, FrameBurst finished) {
        int count = finished.count();
        list.clear();
        for (int i = 0; i < count; i++) {
            list.add(i);
            partBytes += finished.frameByteLength(i);
        }
        parts += count;
        if (count > 0) {
            finished.watch().push(to, finished, list);
        }
        int flow = finished.flow();
        FrameBurst madeOf = finished.origin().madeOf();
        finished.clear();
        finished.flow(flow);
        finished.origin().madeOf(madeOf);
    }

    /** Completes the checksum of a frame, which then needs nothing any more. */
    private static void complete(FrameBurst burst, int frame) {
        completeAt(burst, frame);
        OffloadHeader.clear(burst.snapshotAddress(frame));
    }

    private static void completeAt(FrameBurst burst, int frame) {
        long header = burst.snapshotAddress(frame);
        Checksum.store(
                header + NetHeader.BYTES + OffloadHeader.checksumAt(header),
                burst.sum(frame, OffloadHeader.checksumStart(header)));
    }
}
