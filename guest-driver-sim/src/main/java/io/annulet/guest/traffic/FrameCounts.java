package io.annulet.guest.traffic;

/**
 * What became of frames, as the receiver sees it.
 *
 * @param frames that came whole, duplicates among them
 * @param bytes of these
 * @param lost of which nothing came
 * @param duplicated that came again
 * @param reordered that came after a later one
 * @param stale too old to tell a duplicate from a late one
 * @param corrupted changed on the way
 * @param misdelivered neither for this receiver nor for all
 * @param misdescribed whole, but with a virtio-net header that does not say what was sent
 * @param foreign no test frames
 */
public record FrameCounts(
        long frames,
        long bytes,
        long lost,
        long duplicated,
        long reordered,
        long stale,
        long corrupted,
        long misdelivered,
        long misdescribed,
        long foreign) {

    public static final FrameCounts NONE = new FrameCounts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    FrameCounts plus(FrameCounts other) {
        return new FrameCounts(
                frames + other.frames,
                bytes + other.bytes,
                lost + other.lost,
                duplicated + other.duplicated,
                reordered + other.reordered,
                stale + other.stale,
                corrupted + other.corrupted,
                misdelivered + other.misdelivered,
                misdescribed + other.misdescribed,
                foreign + other.foreign);
    }

    /** Frames of which each came whole and for the first time. */
    public long arrived() {
        return frames - duplicated - stale;
    }
}
