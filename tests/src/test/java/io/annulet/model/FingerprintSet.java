package io.annulet.model;

/** The states that were seen; two words each, since there are millions. Belongs to the one thread that explores. */
final class FingerprintSet {

    private long[] words = new long[1 << 12];
    private int size;

    int size() {
        return size;
    }

    /** False if it was seen already. */
    boolean add(Fingerprint fingerprint) {
        if (!put(words, fingerprint.high(), fingerprint.low())) {
            return false;
        }
        size++;
        if (4 * size > words.length) {
            grow();
        }
        return true;
    }

    private void grow() {
        long[] larger = new long[2 * words.length];
        for (int i = 0; i < words.length; i += 2) {
            if ((words[i] | words[i + 1]) != 0) {
                put(larger, words[i], words[i + 1]);
            }
        }
        words = larger;
    }

    private static boolean put(long[] table, long high, long low) {
        int mask = table.length - 1;
        int at = 2 * (int) low & mask;
        while ((table[at] | table[at + 1]) != 0) {
            if (table[at] == high && table[at + 1] == low) {
                return false;
            }
            at = at + 2 & mask;
        }
        table[at] = high;
        table[at + 1] = low;
        return true;
    }
}
