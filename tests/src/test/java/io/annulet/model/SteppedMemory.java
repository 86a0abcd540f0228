package io.annulet.model;

import org.jspecify.annotations.Nullable;

/**
 * Stands where {@code HostMemory} stands in the classes that {@link Rewired} loads: the same methods, but each access is
 * one step of a {@link World}. Belongs to the one thread that explores.
 *
 * <p>A side is not a thread. It is run from its start each time, with the answers that its accesses had so far, up to the
 * first access that has none yet; there it is left.
 */
public final class SteppedMemory {

    /** The bell that the driver rings (kick) and the one that the device rings (call). */
    public static final int KICK = 0;

    public static final int CALL = 1;

    /** Leaves a side at an access that has no answer yet. */
    private static final class Suspended extends Error {
        private static final long serialVersionUID = 1;

        Suspended() {
            super(null, null, false, false);
        }
    }

    private static @Nullable World world;
    private static int side;
    private static int performed;
    private static int answered;

    private SteppedMemory() {}

    /** Runs a side through its past into its next access that the other side could notice, or to its end. */
    static void resume(World in, int runningSide, Program program) {
        world = in;
        side = runningSide;
        performed = 0;
        answered = 0;
        try {
            program.run();
            in.finish(runningSide);
        } catch (Suspended atItsNextAccess) {
            // The world has it as pending.
        } finally {
            world = null;
        }
    }

    private static World world() {
        if (world == null) {
            throw new IllegalStateException("no side is running");
        }
        return world;
    }

    /**
     * Tells that what the running side does from here on follows from {@code state} and what it has yet to see: how it
     * came here does not matter any more, which makes one state of many.
     */
    public static void forgetHistory(Object state) {
        if (performed == world().performed(side)) {
            Fingerprint.Builder builder = new Fingerprint.Builder();
            ObjectState.add(state, builder);
            world().forgetHistory(side, builder.build());
        }
    }

    private static boolean isPast() {
        return performed++ < world().performed(side);
    }

    private static Suspended suspend(Access.Kind kind, int location, long value) {
        world().suspend(side, new Access(kind, location, value));
        return new Suspended();
    }

    private static long load(Access.Kind kind, long address) {
        if (isPast()) {
            return world().answer(side, answered++);
        }
        throw suspend(kind, world().location(address), 0);
    }

    private static void store(long address, long value) {
        if (isPast()) {
            return;
        }
        int location = world().location(address);
        if (!world().buffer(side, location, value)) {
            throw suspend(Access.Kind.STORE, location, value);
        }
    }

    public static int loadByte(long address) {
        return (int) load(Access.Kind.LOAD, address);
    }

    public static int loadShort(long address) {
        return (int) load(Access.Kind.LOAD, address);
    }

    public static int loadShortAcquire(long address) {
        return (int) load(Access.Kind.LOAD_ACQUIRE, address);
    }

    public static long loadLong(long address) {
        return load(Access.Kind.LOAD, address);
    }

    public static void storeByte(long address, int value) {
        store(address, value & 0xff);
    }

    public static void storeShort(long address, int value) {
        store(address, value & 0xffff);
    }

    public static void storeLong(long address, long value) {
        store(address, value);
    }

    public static void releaseFence() {
        if (!isPast()) {
            world().releaseFence(side);
        }
    }

    public static void fullFence() {
        if (!isPast()) {
            throw suspend(Access.Kind.FULL_FENCE, 0, 0);
        }
    }

    /** Writes the eventfd of the other side. Takes no part in memory order, which is less than the kernel grants. */
    public static void ring(int bell) {
        if (!isPast()) {
            throw suspend(Access.Kind.RING, bell, 0);
        }
    }

    /** Sleeps until a bell was rung since the last time. */
    public static void awaitBell(int bell) {
        if (!isPast()) {
            throw suspend(Access.Kind.WAIT, bell, 0);
        }
    }
}
