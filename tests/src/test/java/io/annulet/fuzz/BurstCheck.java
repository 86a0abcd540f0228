package io.annulet.fuzz;

import io.annulet.vring.ChainBurst;

/** Compares a burst with what it should be; stateless. */
final class BurstCheck {

    private BurstCheck() {}

    static void compare(ModelBurst expected, ChainBurst actual, GuestWorld world) {
        same("chains", expected.count, actual.count());
        for (int i = 0; i < expected.count; i++) {
            same("head", expected.heads[i], actual.head(i));
            same(
                    "fault of a chain",
                    expected.faults[i].ordinal(),
                    actual.fault(i).ordinal());
            same("first segment", expected.firstSegments[i], actual.firstSegment(i));
            same("first writable segment", expected.firstWritables[i], actual.firstWritable(i));
            same("end of the segments", expected.endSegments[i], actual.endSegment(i));
            same("readable bytes", expected.readableByteLengths[i], actual.readableByteLength(i));
            same("writable bytes", expected.writableByteLengths[i], actual.writableByteLength(i));
        }
        for (int i = 0; i < expected.segments; i++) {
            same("address of a segment", expected.addresses[i], actual.segmentAddress(i));
            same("length of a segment", expected.byteLengths[i], actual.segmentByteLength(i));
            if (!world.holds(actual.segmentAddress(i), actual.segmentByteLength(i))) {
                throw new AssertionError("a segment outside of guest memory");
            }
        }
    }

    static void same(String what, long expected, long actual) {
        if (expected != actual) {
            throw new AssertionError(what + ": expected " + expected + ", was " + actual);
        }
    }

    /** What a burst looks like from afar, in 14 bits. */
    static long shape(ModelBurst burst) {
        long shape = 0;
        int longest = 0;
        for (int i = 0; i < burst.count; i++) {
            shape |= 1L << burst.faults[i].ordinal();
            shape |= burst.readableByteLengths[i] > 0 ? 1 << 6 : 0;
            shape |= burst.writableByteLengths[i] > 0 ? 1 << 7 : 0;
            longest = Math.max(longest, burst.endSegments[i] - burst.firstSegments[i]);
        }
        int some = Integer.SIZE - Integer.numberOfLeadingZeros(burst.count);
        int few = Integer.SIZE - Integer.numberOfLeadingZeros(longest);
        return shape | (long) some << 8 | (long) few << 11;
    }
}
