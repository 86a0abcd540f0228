package io.annulet.model;

/**
 * A small world: what the two programs do with one ring.
 *
 * @param size descriptors of the ring
 * @param chains how many chains the driver sends through it
 * @param eventIndex whether notifications are suppressed by index, else by flag
 * @param batch how many chains a side handles before it publishes, at most
 * @param variant what else is special
 */
public record Scenario(int size, int chains, boolean eventIndex, int batch, Variant variant) {

    /** What one of the sides does differently. */
    public enum Variant {
        /** The device reads the buffers. */
        TRANSMIT,
        /** The device writes the buffers. */
        RECEIVE,
        /** The driver wants to be called only when all that it offered is used. */
        LATE_CALLS,
        /** The device puts the last chain of a batch back and takes it again. */
        PUT_BACK,
        /** A mistake: the device sleeps although {@code requestKicks} told it that there is work. */
        DEVICE_DOES_NOT_LOOK_AGAIN,
        /** A mistake: the driver sleeps although {@code requestCalls} told it that there is work. */
        DRIVER_DOES_NOT_LOOK_AGAIN
    }

    /** Both indexes start here, so that they wrap on the way. */
    public static final int BASE_INDEX = 65_535;

    static final long DESCRIPTORS = 0x1000;
    static final long AVAIL = 0x2000;
    static final long USED = 0x3000;
    static final long BUFFERS = 0x4000;
    /** Guest addresses are the host's and this. */
    static final long GUEST_OFFSET = 0x10_0000;

    @Override
    public String toString() {
        return chains + " chains, ring of " + size + (eventIndex ? ", event index" : ", flags") + ", batch of " + batch
                + ", " + variant;
    }

    /** A world in which the indexes stand at their base and nothing has happened. */
    World start(MemoryModel model) {
        World world = new World(model, new Locations(this::name));
        world.holds(AVAIL + 2, BASE_INDEX);
        world.holds(USED + 2, BASE_INDEX);
        return world;
    }

    /** What stands at an address, in the words of the specification. */
    private String name(long address) {
        if (address >= BUFFERS) {
            return "buffer " + (address - BUFFERS) / 8;
        }
        if (address >= USED) {
            return "used " + field(address - USED, 8, "ring's avail_event");
        }
        if (address >= AVAIL) {
            return "available " + field(address - AVAIL, 2, "ring's used_event");
        }
        long descriptor = (address - DESCRIPTORS) / 16;
        return "descriptor " + descriptor + (address % 16 == 0 ? " address" : " detail");
    }

    private String field(long offset, int entryBytes, String event) {
        if (offset < 4) {
            return offset == 0 ? "flags" : "index";
        }
        long entry = (offset - 4) / entryBytes;
        return entry < size ? "entry " + entry : event;
    }
}
