package io.annulet.backend.port;

/**
 * Which tap a port opens, and how.
 *
 * @param interfaceName an existing tap, which then stays when the port closes, or a name for a new one, which does not;
 *     in the name of a new one {@code %d} stands for the first free number
 * @param mtu most bytes of a frame after its Ethernet header, 0 to leave it as it is
 * @param queues queue pairs; more than one needs an existing tap to have been made with multi_queue
 * @param verify of so many frames whose checksum the kernel says it has checked, one is checked again; 0 for none
 * @param io how frames are written
 */
public record TapPortOptions(String interfaceName, int mtu, int queues, int verify, Io io) {

    /** How frames get to the kernel. */
    public enum Io {
        /** A system call for each. */
        CALLS,
        /** A system call for each burst, through an io_uring. */
        URING
    }

    /** Rare enough to cost nothing, often enough to find a device that lies within a moment of traffic. */
    public static final int USUAL_VERIFY = 1000;

    static final int MIN_MTU = 68;
    static final int MAX_MTU = 65_521;
    /** MAX_TAP_QUEUES of Linux. */
    static final int MAX_QUEUES = 256;

    private static final int MAX_NAME_BYTES = 15;

    public TapPortOptions {
        if (interfaceName.isEmpty() || interfaceName.length() > MAX_NAME_BYTES || interfaceName.contains("/")) {
            throw new IllegalArgumentException("'" + interfaceName + "' cannot be the name of an interface: use 1 to "
                    + MAX_NAME_BYTES + " letters and digits");
        }
        if (mtu != 0 && (mtu < MIN_MTU || mtu > MAX_MTU)) {
            throw new IllegalArgumentException("mtu=" + mtu + ": use " + MIN_MTU + " to " + MAX_MTU);
        }
        if (verify < 0) {
            throw new IllegalArgumentException("verify=" + verify + ": use 0 for never, or one of how many frames");
        }
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new IllegalArgumentException("queues=" + queues + ": use 1 to " + MAX_QUEUES);
        }
    }

    public TapPortOptions(String interfaceName, int mtu, int queues) {
        this(interfaceName, mtu, queues, USUAL_VERIFY, Io.CALLS);
    }

    public TapPortOptions withIo(Io other) {
        return new TapPortOptions(interfaceName, mtu, queues, verify, other);
    }

    /** One queue, the MTU as it is. */
    public static TapPortOptions of(String interfaceName) {
        return new TapPortOptions(interfaceName, 0, 1);
    }
}
