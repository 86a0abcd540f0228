package io.annulet.linux;

/** Network namespaces: what interfaces a thread sees, apart from all others. */
public final class NetworkNamespaces {
    private static final int CLONE_NEWNET = 0x4000_0000;

    private NetworkNamespaces() {}

    /**
     * Moves the calling thread, a platform thread that ends soon after, into a new namespace with nothing in it but a
     * loopback interface that is down. What it opens there can be used from any thread, and the namespace goes with the
     * last of it.
     */
    public static void enterNew() {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread has no network namespace of its own");
        }
        LinuxException.check(
                Kernel.unshare(CLONE_NEWNET),
                "make a network namespace",
                "check that this process is root or has CAP_SYS_ADMIN");
    }
}
