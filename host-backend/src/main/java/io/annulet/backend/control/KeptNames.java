package io.annulet.backend.control;

/** How a channel's descriptors are called in an {@link FdStore}; stateless. systemd allows no colon in them. */
final class KeptNames {
    private KeptNames() {}

    private static String prefix(IvshmemOptions options) {
        return "ivshmem/" + options.name() + "/";
    }

    static String memory(IvshmemOptions options) {
        return prefix(options) + "memory";
    }

    static String listener(IvshmemOptions options) {
        return prefix(options) + "listener";
    }

    static String peer(IvshmemOptions options) {
        return prefix(options) + "peer/";
    }

    static String socket(IvshmemOptions options, int id) {
        return peer(options) + id + "/socket";
    }

    static String vector(IvshmemOptions options, int id, int vector) {
        return peer(options) + id + "/vector/" + vector;
    }
}
