package io.annulet.cli.bench;

import java.util.List;

/**
 * What a front-end saw in one slice of time.
 *
 * @param framesPerSecond that arrived, both ways together
 * @param bytesPerSecond of these
 * @param frames that arrived
 * @param lost frames
 * @param idleShare of the time in which the front-end itself had nothing to do, from 0 to 1
 * @param p50Nanos of the round trip; 0 where there is none
 * @param p999Nanos likewise
 * @param problem what the back-end did wrong, losses apart; empty if nothing
 */
record Slice(
        double framesPerSecond,
        double bytesPerSecond,
        long frames,
        long lost,
        double idleShare,
        long p50Nanos,
        long p999Nanos,
        String problem) {

    private static final int FIELDS = 8;

    /** The line that {@link #parse} reads. */
    String toLine() {
        List<Object> fields = List.of(framesPerSecond, bytesPerSecond, frames, lost, idleShare, p50Nanos, p999Nanos);
        return String.join("\t", fields.stream().map(String::valueOf).toList()) + "\t"
                + problem.replaceAll("[\\t\\n]", " ");
    }

    /** @throws IllegalArgumentException if it is no line of {@link #toLine} */
    static Slice parse(String line) {
        String[] fields = line.split("\t", -1);
        if (fields.length != FIELDS) {
            throw new IllegalArgumentException("'" + line + "' is no slice");
        }
        return new Slice(
                Double.parseDouble(fields[0]),
                Double.parseDouble(fields[1]),
                Long.parseLong(fields[2]),
                Long.parseLong(fields[3]),
                Double.parseDouble(fields[4]),
                Long.parseLong(fields[5]),
                Long.parseLong(fields[6]),
                fields[7]);
    }
}
