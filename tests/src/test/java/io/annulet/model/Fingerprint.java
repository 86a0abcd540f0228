package io.annulet.model;

/** 128 bits that stand for a state: with millions of states, two that share them are not to be expected. */
record Fingerprint(long high, long low) {

    static final class Builder {
        private long high = 0x9e37_79b9_7f4a_7c15L;
        private long low = 0xc2b2_ae3d_27d4_eb4fL;

        Builder add(long value) {
            high = mix(high ^ value) + 0x1656_67b1_9e37_79f9L;
            low = mix(Long.rotateLeft(low, 29) + value * 0xff51_afd7_ed55_8ccdL);
            return this;
        }

        Builder add(long[] values) {
            add(values.length);
            for (long value : values) {
                add(value);
            }
            return this;
        }

        Builder add(int[] values) {
            add(values.length);
            for (int value : values) {
                add(value);
            }
            return this;
        }

        private static long mix(long bits) {
            long mixed = (bits ^ bits >>> 32) * 0x4cd6_944c_5cc2_0b6dL;
            mixed = (mixed ^ mixed >>> 29) * 0xfc12_c5b1_9d32_59e9L;
            return mixed ^ mixed >>> 32;
        }

        Fingerprint build() {
            return new Fingerprint(high, low);
        }
    }
}
