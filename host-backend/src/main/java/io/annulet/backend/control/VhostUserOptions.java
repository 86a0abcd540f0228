package io.annulet.backend.control;

import io.annulet.backend.data.CallPolicy;
import io.annulet.linux.SocketAccess;
import java.nio.file.Path;

/**
 * A port for a guest behind vhost-user, as it is configured.
 *
 * @param name of the port
 * @param socket path of the Unix socket
 * @param queuePairs 1 to {@link #MAX_QUEUE_PAIRS}
 * @param mtu bytes that the guest is told it may send in one frame above Ethernet, {@link #MIN_MTU} to {@link #MAX_MTU};
 *     0 if it is told nothing
 * @param access who may connect, and who may be at the other end; of the file in server mode only
 * @param calls when the guest's driver is called
 * @param memoryBytes of which its guest may have at most so many; 0 for as many as any
 * @param iommu whether the guest may have an IOMMU in front of its device (ACCESS_PLATFORM)
 * @param postcopy whether its guest may arrive before its memory does (PAGEFAULT); trusts the front-end's process
 * @param config what the configuration space says; for {@link Profile#GENERIC} only
 */
public record VhostUserOptions(
        String name,
        Path socket,
        Mode mode,
        int queuePairs,
        SealPolicy seal,
        Profile profile,
        int mtu,
        SocketAccess access,
        CallPolicy calls,
        long memoryBytes,
        boolean iommu,
        boolean postcopy,
        DeviceConfig config) {

    /** A vring has eight bits for its index in KICK, CALL and ERR. */
    public static final int MAX_QUEUE_PAIRS = 128;

    /** VIRTIO 1.2, "Network Device, Device configuration layout": the bounds of mtu. */
    public static final int MIN_MTU = 68;

    public static final int MAX_MTU = 65535;

    private static final int GROUP_ONLY = 0660;

    /** Who listens at the socket. */
    public enum Mode {
        /** We do, and one front-end at a time connects. */
        SERVER,
        /** The front-end does, and we connect, again and again. */
        CLIENT
    }

    /** The kind of front-end that is expected; features are offered before anyone can tell. */
    public enum Profile {
        /** The VMM keeps the control queue, the configuration space and the MAC address to itself. */
        QEMU,
        /** Control queue and configuration space are ours. */
        GENERIC
    }

    public VhostUserOptions {
        if (queuePairs < 1 || queuePairs > MAX_QUEUE_PAIRS) {
            throw new IllegalArgumentException("queues=" + queuePairs + ": 1 to " + MAX_QUEUE_PAIRS);
        }
        if (mtu != 0 && (mtu < MIN_MTU || mtu > MAX_MTU)) {
            throw new IllegalArgumentException("mtu=" + mtu + ": " + MIN_MTU + " to " + MAX_MTU);
        }
        if (profile == Profile.GENERIC && queuePairs == MAX_QUEUE_PAIRS) {
            throw new IllegalArgumentException("queues=" + queuePairs + " with profile=generic: 1 to "
                    + (MAX_QUEUE_PAIRS - 1) + ", the control queue needs a number too");
        }
        if (iommu && postcopy) {
            throw new IllegalArgumentException(
                    "iommu=on with postcopy=on: a guest behind an IOMMU cannot arrive by post-copy,"
                            + " so leave one of them out");
        }
        if (profile == Profile.QEMU && !config.equals(DeviceConfig.UNSAID)) {
            throw new IllegalArgumentException(
                    "mac and speed are for profile=generic: QEMU tells its guests itself, so leave them out");
        }
    }

    /** Mask of the features that only ports with {@link Profile#GENERIC} offer. */
    public static long ofGenericProfile() {
        return Offer.controlled();
    }

    boolean isGeneric() {
        return profile == Profile.GENERIC;
    }

    /** One queue pair at {@code socket}, in server mode. */
    public static VhostUserOptions server(String name, Path socket) {
        return new VhostUserOptions(
                name,
                socket,
                Mode.SERVER,
                1,
                SealPolicy.AUTO,
                Profile.QEMU,
                0,
                SocketAccess.ofMode(GROUP_ONLY),
                CallPolicy.OFF,
                0,
                false,
                false,
                DeviceConfig.UNSAID);
    }

    public VhostUserOptions withMode(Mode other) {
        return new VhostUserOptions(
                name,
                socket,
                other,
                queuePairs,
                seal,
                profile,
                mtu,
                access,
                calls,
                memoryBytes,
                iommu,
                postcopy,
                config);
    }

    public VhostUserOptions withQueuePairs(int count) {
        return new VhostUserOptions(
                name, socket, mode, count, seal, profile, mtu, access, calls, memoryBytes, iommu, postcopy, config);
    }

    public VhostUserOptions withSeal(SealPolicy other) {
        return new VhostUserOptions(
                name,
                socket,
                mode,
                queuePairs,
                other,
                profile,
                mtu,
                access,
                calls,
                memoryBytes,
                iommu,
                postcopy,
                config);
    }

    public VhostUserOptions withMtu(int bytes) {
        return new VhostUserOptions(
                name,
                socket,
                mode,
                queuePairs,
                seal,
                profile,
                bytes,
                access,
                calls,
                memoryBytes,
                iommu,
                postcopy,
                config);
    }

    public VhostUserOptions withAccess(SocketAccess other) {
        return new VhostUserOptions(
                name, socket, mode, queuePairs, seal, profile, mtu, other, calls, memoryBytes, iommu, postcopy, config);
    }

    public VhostUserOptions withCalls(CallPolicy other) {
        return new VhostUserOptions(
                name,
                socket,
                mode,
                queuePairs,
                seal,
                profile,
                mtu,
                access,
                other,
                memoryBytes,
                iommu,
                postcopy,
                config);
    }

    /** For a front-end that hands the control queue over. */
    public VhostUserOptions withGenericProfile(DeviceConfig other) {
        return new VhostUserOptions(
                name,
                socket,
                mode,
                queuePairs,
                seal,
                Profile.GENERIC,
                mtu,
                access,
                calls,
                memoryBytes,
                iommu,
                postcopy,
                other);
    }

    /** For a guest that may have an IOMMU. */
    public VhostUserOptions withIommu() {
        return new VhostUserOptions(
                name, socket, mode, queuePairs, seal, profile, mtu, access, calls, memoryBytes, true, postcopy, config);
    }

    /** For a guest that may arrive by post-copy. */
    public VhostUserOptions withPostcopy() {
        return new VhostUserOptions(
                name, socket, mode, queuePairs, seal, profile, mtu, access, calls, memoryBytes, iommu, true, config);
    }

    /** Whether memory may be absent for a while, or taken back page by page: then only this process reads it. */
    boolean isMemoryPartial() {
        return iommu || postcopy;
    }
}
