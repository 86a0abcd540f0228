package io.annulet.backend.policy;

/**
 * What may pass in one direction; 0 for no limit.
 *
 * @param bitsPerSecond of frames from their Ethernet header on, without checksum and gap
 * @param framesPerSecond where a large frame counts as many as it has segments
 */
public record RateLimit(long bitsPerSecond, long framesPerSecond) {

    public static final RateLimit NONE = new RateLimit(0, 0);

    String text(String direction) {
        return (bitsPerSecond == 0 ? "" : ",rate-" + direction + "=" + bitsPerSecond)
                + (framesPerSecond == 0 ? "" : ",frames-" + direction + "=" + framesPerSecond);
    }
}
