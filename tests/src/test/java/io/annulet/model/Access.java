package io.annulet.model;

/**
 * The next access of a side that the other side could notice.
 *
 * @param location of a load or store; which bell, for RING and WAIT
 * @param value of a store
 */
record Access(Kind kind, int location, long value) {

    enum Kind {
        LOAD,
        LOAD_ACQUIRE,
        STORE,
        FULL_FENCE,
        RING,
        WAIT
    }
}
