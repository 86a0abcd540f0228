package io.annulet.backend.port;

import io.annulet.linux.XdpSetup;

/**
 * Which interface an XDP port takes frames from, and how.
 *
 * @param interfaceName an existing interface of the host
 * @param queue the interface's queue whose frames come to the port; those of others stay with the host
 * @param copying who moves frames between the interface and our memory
 * @param openChecksums whether a frame's checksum may have been left open by its sender's kernel
 * @param busyPollMicros how long the kernel works the device in our calls, 0 to leave that to interrupts
 * @param umem where frames that go are read
 * @param program whose program hands frames over
 */
public record XdpPortOptions(
        String interfaceName,
        int queue,
        XdpSetup.Copying copying,
        OpenChecksums openChecksums,
        int busyPollMicros,
        Umem umem,
        Program program) {

    /** Whose program hands frames over. */
    public enum Program {
        /** Ours, the only one on the interface. */
        OWN,
        /** libxdp's, beside others that were attached by its dispatcher. */
        LIBXDP
    }

    /** Where the kernel, or the device, reads frames that go. */
    public enum Umem {
        /** In memory of ours, where they were copied to. */
        OWN,
        /** In the buffers of the guest at the other end of a straight link. */
        GUEST
    }

    /** Whether frames may come with a checksum that is still to be completed. */
    public enum OpenChecksums {
        /** If the interface is a veth, whose other end is a kernel that thinks no wire lies between. */
        AUTO,
        ON,
        OFF
    }

    private static final int MAX_NAME_BYTES = 15;
    private static final int MAX_QUEUE = 4095;
    private static final int MAX_BUSY_POLL_MICROS = 1000;

    public XdpPortOptions {
        if (interfaceName.isEmpty() || interfaceName.length() > MAX_NAME_BYTES || interfaceName.contains("/")) {
            throw new IllegalArgumentException("'" + interfaceName + "' cannot be the name of an interface: use 1 to "
                    + MAX_NAME_BYTES + " letters and digits");
        }
        if (queue < 0 || queue > MAX_QUEUE) {
            throw new IllegalArgumentException("queue=" + queue + ": use 0 to " + MAX_QUEUE);
        }
        if (busyPollMicros < 0 || busyPollMicros > MAX_BUSY_POLL_MICROS) {
            throw new IllegalArgumentException("busy-poll=" + busyPollMicros + ": use 0 to " + MAX_BUSY_POLL_MICROS);
        }
    }

    /** Queue 0, everything else as it is best. */
    public static XdpPortOptions of(String interfaceName) {
        return new XdpPortOptions(
                interfaceName, 0, XdpSetup.Copying.AUTO, OpenChecksums.AUTO, 0, Umem.OWN, Program.OWN);
    }

    /** The same with another program. */
    public XdpPortOptions with(Program other) {
        return new XdpPortOptions(interfaceName, queue, copying, openChecksums, busyPollMicros, umem, other);
    }

    /** The same with frames that go read elsewhere. */
    public XdpPortOptions with(Umem elsewhere) {
        return new XdpPortOptions(interfaceName, queue, copying, openChecksums, busyPollMicros, elsewhere, program);
    }
}
