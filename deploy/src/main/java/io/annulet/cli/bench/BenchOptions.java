package io.annulet.cli.bench;

/**
 * How long things are measured, and where.
 *
 * @param slices of each side of a comparison
 * @param sliceNanos how long each is
 * @param warmupNanos of each side before
 * @param loadNanos for how long full load is watched
 * @param isUntouched whether front-ends leave the payload of forwarded frames as it is
 * @param backEndCpu processor of back-ends
 * @param frontEndCpu processor of front-ends
 */
record BenchOptions(
        int slices,
        long sliceNanos,
        long warmupNanos,
        long loadNanos,
        boolean isUntouched,
        int backEndCpu,
        int frontEndCpu) {

    static final int MAX_SLICES = 10_000;

    BenchOptions {
        if (slices < 1 || slices > MAX_SLICES) {
            throw new IllegalArgumentException("--slices " + slices + ": 1 to " + MAX_SLICES);
        }
        if (loadNanos < 1) {
            throw new IllegalArgumentException("a load has to last");
        }
        if (sliceNanos < 1 || warmupNanos < 0) {
            throw new IllegalArgumentException("a slice has to last, and a warm-up cannot be negative");
        }
        if (backEndCpu == frontEndCpu) {
            throw new IllegalArgumentException("back-end and front-end need a processor each, not both " + backEndCpu);
        }
    }
}
