package io.annulet.cli;

import io.annulet.linux.Cpus;
import io.annulet.linux.KernelFeatures;
import io.annulet.linux.Limits;
import io.annulet.linux.Limits.Limit;
import io.annulet.vfio.IommuGroups.Device;
import io.annulet.vfio.IommuGroups.Group;
import java.util.BitSet;
import java.util.List;

/** Judges what was seen of the Java runtime, the kernel and the machine's memory. */
final class SystemFindings {

    static final int JAVA = 25;

    /** Descriptors for a handful of guests, and with what a port may have at most when each has many queues. */
    private static final long FEW_FILES = 256;

    private static final long MANY_FILES = 4096;

    private static final long MIB = 1024 * 1024;
    private static final long COUNTERS_BYTES = 8 * MIB;
    private static final long GUEST_BYTES = 256 * MIB;

    /** The first version of Landlock that restricts ioctl(2). */
    private static final int LANDLOCK_WITH_DEVICES = 5;

    private SystemFindings() {}

    static Finding java(int feature, String vendorAndVersion) {
        String subject = "Java";
        Finding finding = feature >= JAVA
                ? Finding.ok(subject, vendorAndVersion)
                : Finding.missing(
                        subject,
                        vendorAndVersion + " is too old",
                        "install a JDK " + JAVA + " (for example Eclipse Temurin) or set JAVA_HOME to one");
        return finding.needed();
    }

    /** @param problem why Netty's native epoll cannot be used, or empty */
    static Finding epoll(String problem) {
        String subject = "native epoll";
        Finding finding = problem.isEmpty()
                ? Finding.ok(subject, "Netty's native transport is loaded")
                : Finding.missing(
                        subject,
                        problem,
                        "run on 64-bit Linux with glibc, and let java.io.tmpdir be on no noexec mount");
        return finding.needed();
    }

    /** A worker that polls wants a processor of its own beside the one for everything else. */
    static Finding processors(BitSet allowed) {
        String subject = "processors";
        String detail = allowed.cardinality() + " for --cpu: " + Cpus.format(allowed);
        return allowed.cardinality() > 1
                ? Finding.ok(subject, detail)
                : Finding.limited(subject, detail + "; a polling worker leaves none for guests", "use --poll sleep");
    }

    static Finding openFiles(Limit limit) {
        String subject = "open files";
        String detail = "limit " + words(limit.soft()) + ", may be raised to " + words(limit.hard());
        if (limit.soft() < FEW_FILES) {
            return Finding.missing(subject, detail, "ulimit -n " + Math.min(MANY_FILES, limit.hard()))
                    .needed();
        }
        Finding finding = limit.soft() < MANY_FILES
                ? Finding.limited(
                        subject, detail + "; enough for a few ports", "ulimit -n " + Math.min(MANY_FILES, limit.hard()))
                : Finding.ok(subject, detail);
        return finding.needed();
    }

    /** Only DMA needs memory to be locked, and then all of a guest's. */
    static Finding lockedMemory(Limit limit, boolean mayIgnoreLimits) {
        String subject = "locked memory";
        String detail = "limit " + (limit.soft() == Limits.UNLIMITED ? "none" : limit.soft() / 1024 + " KiB");
        if (mayIgnoreLimits) {
            return Finding.ok(subject, detail + ", not applied to this process");
        }
        return limit.soft() >= GUEST_BYTES
                ? Finding.ok(subject, detail)
                : Finding.limited(subject, detail + "; too little for VFIO", "ulimit -l unlimited (as root)");
    }

    private static String words(long limit) {
        return limit == Limits.UNLIMITED ? "unlimited" : Long.toString(limit);
    }

    static Finding tap(boolean isThere, boolean opens, boolean mayCreate) {
        String subject = "tap";
        if (!isThere) {
            return Finding.missing(
                    subject, "/dev/net/tun is not there", "modprobe tun; in a container add --device /dev/net/tun");
        }
        if (!opens) {
            return Finding.missing(
                    subject, "/dev/net/tun cannot be opened by this user", "run as root, or chmod 0666 /dev/net/tun");
        }
        return mayCreate
                ? Finding.ok(subject, "/dev/net/tun, CAP_NET_ADMIN")
                : Finding.limited(
                        subject,
                        "no CAP_NET_ADMIN: only taps that were made for this user",
                        "run as root, or: sudo ip tuntap add dev annulet0 mode tap vnet_hdr user $USER");
    }

    static Finding hugePages(long total, long free, long pageKib, String mountPoint) {
        String subject = "huge pages";
        if (total == 0) {
            return Finding.missing(
                    subject, "none; DPDK needs them, QEMU does not", "sudo deploy/setup/install-tools hugepages");
        }
        String detail = free + " of " + total + " free, " + pageKib + " KiB each";
        if (mountPoint.isEmpty()) {
            return Finding.limited(
                    subject,
                    detail + "; no hugetlbfs is mounted",
                    "sudo mkdir -p /dev/hugepages && sudo mount -t hugetlbfs none /dev/hugepages");
        }
        return Finding.ok(subject, detail + ", mounted at " + mountPoint);
    }

    static Finding sharedMemory(boolean isWritable, long freeBytes) {
        String subject = "/dev/shm";
        String enlarge = "sudo mount -o remount,size=1G /dev/shm; in a container --shm-size=1g";
        if (!isWritable) {
            return Finding.missing(subject, "not writable", "mount a tmpfs there, or run with --counters PATH")
                    .needed();
        }
        String detail = freeBytes / MIB + " MiB free";
        if (freeBytes < COUNTERS_BYTES) {
            return Finding.missing(subject, detail + "; the counters file needs a few", enlarge)
                    .needed();
        }
        Finding finding = freeBytes < GUEST_BYTES
                ? Finding.limited(subject, detail + "; guests that put their memory there need more", enlarge)
                : Finding.ok(subject, detail);
        return finding.needed();
    }

    static Finding kvm(boolean isThere, boolean opens) {
        String subject = "KVM";
        if (!isThere) {
            return Finding.missing(
                    subject,
                    "/dev/kvm is not there; QEMU emulates the processor, which is slow",
                    "modprobe kvm_intel or kvm_amd; in a virtual machine turn nested virtualisation on");
        }
        return opens
                ? Finding.ok(subject, "/dev/kvm opens (whether guests boot under it is not tried)")
                : Finding.limited(subject, "/dev/kvm cannot be opened by this user", "sudo usermod -aG kvm $USER");
    }

    static Finding vfio(boolean hasModule, List<Group> groups) {
        String subject = "VFIO";
        List<Device> controllers = groups.stream()
                .flatMap(group -> group.devices().stream())
                .filter(Device::isNetworkController)
                .toList();
        String detail = groups.size() + " IOMMU groups with " + controllers.size() + " network controllers";
        if (!hasModule) {
            return Finding.missing(
                    subject,
                    "/dev/vfio/vfio is not there; " + detail,
                    "sudo modprobe vfio-pci (needs a kernel that has it)");
        }
        if (groups.isEmpty()) {
            return Finding.missing(
                    subject, detail, "turn the IOMMU on in the firmware and boot with intel_iommu=on or amd_iommu=on");
        }
        boolean anyReady = controllers.stream().anyMatch(Device::isReadyForUserSpace);
        return anyReady
                ? Finding.ok(subject, detail + "; guests that a NIC reads from may have no balloon and no virtio-mem")
                : Finding.limited(
                        subject,
                        detail + ", none with the driver vfio-pci",
                        "see annulet vfio list, then: sudo ./annulet vfio bind ADDRESS");
    }

    /** What {@code run --sandbox} needs, and what it gets beyond that. */
    static Finding sandbox(int landlockVersion, boolean hasFilters, boolean noNewPrivileges) {
        String subject = "sandbox";
        if (landlockVersion == 0) {
            return Finding.missing(
                    subject,
                    "no Landlock, which run --sandbox needs to give up files",
                    "boot with lsm=landlock,... (Linux 5.13 or later)");
        }
        if (!hasFilters || !noNewPrivileges) {
            return Finding.missing(
                    subject,
                    hasFilters ? "programs that are executed may gain rights" : "no filters of system calls",
                    "use a kernel with CONFIG_SECCOMP_FILTER");
        }
        String detail =
                "Landlock version " + landlockVersion + ", system-call filters, no new privileges: run --sandbox";
        return landlockVersion < LANDLOCK_WITH_DEVICES
                ? Finding.limited(subject, detail + " (calls to devices are not restricted)", "use Linux 6.10 or later")
                : Finding.ok(subject, detail);
    }

    static Finding ioUring(KernelFeatures.Answer answer) {
        return feature("io_uring", answer, "sudo sysctl kernel.io_uring_disabled=0", "use Linux 5.1 or later");
    }

    /**
     * Whether a policy may stand between guests and sockets whose rights are right.
     *
     * @param enforce what the kernel's file says; empty if there is no SELinux
     */
    static Finding selinux(String enforce, String ownContext) {
        String subject = "SELinux";
        return switch (enforce.strip()) {
            case "" -> Finding.ok(subject, "not there");
            case "0" -> Finding.ok(subject, "permissive");
            default ->
                Finding.limited(
                        subject,
                        "enforcing, this process is "
                                + ownContext.replace("\0", "").strip() + "; guests may be kept from its sockets",
                        "if a guest cannot connect: sudo ausearch -m avc -ts recent | audit2allow -M annulet");
        };
    }

    static Finding userFaults(KernelFeatures.Answer answer) {
        return feature(
                "userfaultfd",
                answer,
                "run as root, or: sudo sysctl vm.unprivileged_userfaultfd=1",
                "use a kernel with CONFIG_USERFAULTFD");
    }

    private static Finding feature(String subject, KernelFeatures.Answer answer, String allow, String install) {
        return switch (answer) {
            case AVAILABLE -> Finding.ok(subject, "the kernel allows it");
            case FORBIDDEN -> Finding.limited(subject, "this process may not use it", allow);
            case MISSING -> Finding.missing(subject, "the kernel does not have it", install);
        };
    }
}
