package io.annulet.backend.stats;

/** Whose a counter is: its type in the counters file. The label is the owner's name, a blank, and what is counted. */
public enum CounterOwner {
    PORT(1),
    WORKER(2);

    private final int typeId;

    CounterOwner(int typeId) {
        this.typeId = typeId;
    }

    int typeId() {
        return typeId;
    }

    String label(String owner, String counted) {
        if (owner.indexOf(' ') >= 0) {
            throw new IllegalArgumentException("a name with a blank: '" + owner + "'");
        }
        return owner + " " + counted;
    }
}
