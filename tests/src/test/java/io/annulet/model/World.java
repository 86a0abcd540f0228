package io.annulet.model;

import io.annulet.model.Access.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One state of two sides and the memory between them; belongs to the one thread that explores.
 *
 * <p>Under {@link MemoryModel#WEAK} a plain load may be done ahead of its turn, back to the latest acquire or full fence
 * of its side. That is: it reads what stands in memory, or one of the values that stood there since, if no earlier load
 * of the same location has seen a later one. Loads that acquire, and full fences, are done in their turn.
 */
final class World {

    private static final int NONE = -1;

    /**
     * One thing that may happen next.
     *
     * @param entry the buffered store that reaches memory, or -1 if the side makes its pending access
     * @param missed for a load, which of the values it reads that are not in memory any more; -1 for what is there
     */
    record Step(int side, int entry, int missed) {}

    private final MemoryModel model;
    private final Locations locations;
    private final Side[] sides;
    private long[] memory;
    private int bells;

    World(MemoryModel model, Locations locations) {
        this.model = model;
        this.locations = locations;
        this.sides = new Side[] {new Side(), new Side()};
        this.memory = new long[0];
    }

    private World(World other) {
        model = other.model;
        locations = other.locations;
        sides = new Side[] {new Side(other.sides[0]), new Side(other.sides[1])};
        memory = other.memory;
        bells = other.bells;
    }

    World copy() {
        return new World(this);
    }

    /** What memory holds before anything happens. */
    void holds(long address, long value) {
        int location = locations.of(address);
        memory = Arrays.copyOf(memory, Math.max(memory.length, location + 1));
        memory[location] = value;
    }

    // What a running side asks for.

    int performed(int side) {
        return sides[side].performed;
    }

    long answer(int side, int number) {
        return sides[side].answers[number];
    }

    int location(long address) {
        return locations.of(address);
    }

    void forgetHistory(int side, Fingerprint past) {
        Side at = sides[side];
        at.past = past;
        at.forgottenPerformed = at.performed;
        at.forgottenAnswers = at.answers.length;
    }

    void suspend(int side, Access access) {
        sides[side].pending = access;
    }

    void finish(int side) {
        sides[side].pending = null;
        sides[side].finished = true;
    }

    /** Puts a store into the buffer of its side, unseen by the other; false if this memory has no buffers. */
    boolean buffer(int side, int location, long value) {
        if (model == MemoryModel.SEQUENTIAL) {
            return false;
        }
        sides[side].buffer(location, value);
        sides[side].performed++;
        return true;
    }

    void releaseFence(int side) {
        Side at = sides[side];
        if (model == MemoryModel.WEAK && at.bufferedLocations.length > 0) {
            at.buffer(Side.BARRIER, 0);
        }
        at.performed++;
    }

    // What may happen, and making it happen.

    boolean isFinished(int side) {
        return sides[side].finished;
    }

    /** Whether a side has made its pending access and can run to the next one. */
    boolean isUnderWay(int side) {
        return sides[side].pending == null && !sides[side].finished;
    }

    boolean waits(int side) {
        Access pending = sides[side].pending;
        return pending != null && pending.kind() == Kind.WAIT;
    }

    long[] answers(int side) {
        return sides[side].answers;
    }

    List<Step> steps() {
        List<Step> steps = new ArrayList<>();
        for (int side = 0; side < 2; side++) {
            addFlushes(side, steps);
            Access pending = sides[side].pending;
            if (pending != null) {
                addAccess(side, pending, steps);
            }
        }
        return steps;
    }

    private void addFlushes(int side, List<Step> steps) {
        Side at = sides[side];
        for (int entry = 0; entry < at.bufferedLocations.length; entry++) {
            if (at.mayLeave(entry, model == MemoryModel.STORE_BUFFERS)) {
                steps.add(new Step(side, entry, NONE));
            }
        }
    }

    private void addAccess(int side, Access pending, List<Step> steps) {
        switch (pending.kind()) {
            case LOAD -> addLoads(side, pending.location(), steps);
            case FULL_FENCE -> addIf(sides[side].bufferedLocations.length == 0, side, steps);
            case WAIT -> addIf((bells & 1 << pending.location()) != 0, side, steps);
            case LOAD_ACQUIRE, STORE, RING -> addIf(true, side, steps);
        }
    }

    private static void addIf(boolean possible, int side, List<Step> steps) {
        if (possible) {
            steps.add(new Step(side, NONE, NONE));
        }
    }

    private void addLoads(int side, int location, List<Step> steps) {
        steps.add(new Step(side, NONE, NONE));
        if (sides[side].latestBuffered(location) < 0) {
            int missable = sides[side].missable(location).length;
            for (int i = 0; i < missable; i++) {
                steps.add(new Step(side, NONE, i));
            }
        }
    }

    void make(Step step) {
        Side at = sides[step.side()];
        if (step.entry() != NONE) {
            int location = at.bufferedLocations[step.entry()];
            long value = at.bufferedValues[step.entry()];
            at.unbuffer(step.entry());
            write(step.side(), location, value);
            return;
        }
        Access access = at.pending;
        if (access == null) {
            throw new IllegalStateException("a side without an access");
        }
        at.pending = null;
        switch (access.kind()) {
            case LOAD, LOAD_ACQUIRE -> read(at, access, step.missed());
            case STORE -> write(step.side(), access.location(), access.value());
            case FULL_FENCE -> at.seeAll();
            case RING -> bells |= 1 << access.location();
            case WAIT -> bells &= ~(1 << access.location());
        }
        if (access.kind() != Kind.LOAD && access.kind() != Kind.LOAD_ACQUIRE) {
            at.performed++;
        }
    }

    private void read(Side at, Access access, int missed) {
        at.answer(value(at, access.location(), missed));
        at.see(access.location(), missed);
        if (access.kind() == Kind.LOAD_ACQUIRE) {
            at.seeAll();
        }
    }

    private long value(Side at, int location, int missed) {
        int buffered = at.latestBuffered(location);
        if (buffered >= 0) {
            return at.bufferedValues[buffered];
        }
        return missed == NONE ? inMemory(location) : at.missable(location)[missed];
    }

    private long inMemory(int location) {
        return location < memory.length ? memory[location] : 0;
    }

    private void write(int side, int location, long value) {
        long before = inMemory(location);
        sides[side].see(location, NONE);
        if (before == value) {
            return;
        }
        if (model == MemoryModel.WEAK) {
            sides[1 - side].mayMiss(location, before);
        }
        memory = Arrays.copyOf(memory, Math.max(memory.length, location + 1));
        memory[location] = value;
    }

    /** Two states with the same fingerprint go on in the same ways. */
    Fingerprint fingerprint() {
        Fingerprint.Builder builder = new Fingerprint.Builder();
        builder.add(bells).add(memory);
        for (Side side : sides) {
            side.addTo(builder);
        }
        return builder.build();
    }

    /** What a step does, in words. */
    String describe(Step step) {
        Side at = sides[step.side()];
        if (step.entry() != NONE) {
            int location = at.bufferedLocations[step.entry()];
            return locations.name(location) + " = " + at.bufferedValues[step.entry()] + " reaches memory";
        }
        Access access = at.pending;
        if (access == null) {
            return "nothing";
        }
        String name = locations.name(access.location());
        return switch (access.kind()) {
            case LOAD, LOAD_ACQUIRE ->
                "loads " + name + ": " + value(at, access.location(), step.missed())
                        + (step.missed() == NONE ? "" : ", which is old");
            case STORE -> "stores " + name + " = " + access.value();
            case FULL_FENCE -> "full fence";
            case RING -> "rings " + (access.location() == SteppedMemory.KICK ? "(kick)" : "(call)");
            case WAIT -> "wakes up";
        };
    }
}
