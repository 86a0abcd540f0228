package io.annulet.guest.traffic;

import java.util.BitSet;

/**
 * Which thread does what, and where.
 *
 * @param oneThread one thread for all guests, or one for each
 * @param cpus processors that the threads are pinned to in turn; empty to leave that to the kernel
 */
public record Placement(boolean oneThread, BitSet cpus) {

    public Placement {
        cpus = (BitSet) cpus.clone();
    }

    public static final Placement DEFAULTS = new Placement(true, new BitSet());

    @Override
    public BitSet cpus() {
        return (BitSet) cpus.clone();
    }

    /** The processor of a thread, counted from 0, or -1. */
    int cpuOf(int thread) {
        if (cpus.isEmpty()) {
            return -1;
        }
        int[] all = cpus.stream().toArray();
        return all[thread % all.length];
    }
}
