package io.annulet.channel;

import java.util.concurrent.TimeUnit;

/**
 * How long a direction's key is used: after the soft limits its writer changes it; at the hard one nothing is sealed or
 * opened any more.
 *
 * @param records soft
 * @param bytes soft
 * @param nanos soft, on the clock that only goes forward
 * @param hardRecords of one key
 */
public record KeyLimits(long records, long bytes, long nanos, long hardRecords) {

    /** Far below what XAES-256-GCM allows, 2^80 records of one key: changing costs microseconds. */
    public static final KeyLimits DEFAULT = new KeyLimits(1L << 20, 1L << 34, TimeUnit.MINUTES.toNanos(2), 1L << 22);

    public KeyLimits {
        if (records < 1 || bytes < 1 || nanos < 1 || hardRecords <= records) {
            throw new IllegalArgumentException("a key's hard limit lies above its soft ones, and all above 0");
        }
    }
}
