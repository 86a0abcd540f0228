package io.annulet.backend.capture;

/**
 * What has become of a capture so far.
 *
 * @param where the file that was written last
 * @param frames that were written
 * @param bytes likewise, in all files
 * @param missed frames that were wanted, and found no room in memory or on disk
 * @param why it ended, or empty
 */
public record CaptureStatus(
        int id, CaptureOptions options, State state, String where, long frames, long bytes, long missed, String why) {

    public enum State {
        RUNNING,
        /** Frames are missed until there is space again. */
        DISK_FULL,
        ENDED
    }
}
