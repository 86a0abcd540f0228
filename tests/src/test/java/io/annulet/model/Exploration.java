package io.annulet.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** Visits every state that two sides can reach, depth first; belongs to the one thread that explores. */
final class Exploration {

    private static final String[] NAMES = {"driver", "device"};

    /** A state on the path that is being followed, and how many of its steps were. */
    private static final class Frame {
        final World world;
        final List<World.Step> steps;
        int followed;

        Frame(World world, List<World.Step> steps) {
            this.world = world;
            this.steps = steps;
        }
    }

    private final Program[] programs;
    private final int mostStates;
    private final FingerprintSet seen = new FingerprintSet();
    private final Deque<Frame> path = new ArrayDeque<>();
    private int ends;

    /** @param mostStates where to give up: a bound on a world that was meant to be small */
    Exploration(Program driver, Program device, int mostStates) {
        this.programs = new Program[] {driver, device};
        this.mostStates = mostStates;
    }

    int states() {
        return seen.size();
    }

    int ends() {
        return ends;
    }

    /**
     * Explores all that can follow from a world in which nothing has happened.
     *
     * @param end is given each world in which nothing can happen any more
     * @throws AssertionError if a program or {@code end} threw one; its message tells the steps that led there
     */
    void run(World start, Consumer<World> end) {
        try {
            World first = start.copy();
            SteppedMemory.resume(first, 0, programs[0]);
            SteppedMemory.resume(first, 1, programs[1]);
            visit(first, end);
            while (!path.isEmpty()) {
                Frame frame = path.getLast();
                if (frame.followed == frame.steps.size()) {
                    path.removeLast();
                } else {
                    World.Step step = frame.steps.get(frame.followed++);
                    World world = frame.world.copy();
                    world.make(step);
                    if (world.isUnderWay(step.side())) {
                        SteppedMemory.resume(world, step.side(), programs[step.side()]);
                    }
                    visit(world, end);
                }
            }
        } catch (AssertionError | RuntimeException wrong) {
            throw new AssertionError(wrong + story(), wrong);
        }
    }

    private void visit(World world, Consumer<World> end) {
        if (!seen.add(world.fingerprint())) {
            return;
        }
        if (seen.size() > mostStates) {
            throw new IllegalStateException("more than " + mostStates + " states");
        }
        List<World.Step> steps = world.steps();
        if (steps.isEmpty()) {
            ends++;
            end.accept(world);
        } else {
            path.addLast(new Frame(world, steps));
        }
    }

    private String story() {
        List<String> lines = new ArrayList<>();
        for (Frame frame : path) {
            World.Step step = frame.steps.get(frame.followed - 1);
            lines.add(NAMES[step.side()] + " " + frame.world.describe(step));
        }
        return "\n  " + String.join("\n  ", lines);
    }
}
