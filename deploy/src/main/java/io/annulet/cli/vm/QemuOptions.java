package io.annulet.cli.vm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How a guest is made.
 *
 * @param name of letters, digits and hyphens; also the guest's host name and the start of its files' names
 * @param image what it boots
 * @param workFolder gets its sockets and logs; a short path, since a socket's may have 107 characters only
 * @param memoryMib 128 or more
 * @param cpuCount virtual processors, each of which is a thread of QEMU
 * @param nics its network devices, eth0 first
 * @param mayReboot whether a restart of the guest restarts it; otherwise it ends QEMU
 * @param accelerator QEMU's -accel
 * @param kernelOptions more words for the kernel's command line, or the empty text
 * @param extraArguments more words for QEMU's command line
 */
public record QemuOptions(
        String name,
        GuestImage image,
        Path workFolder,
        int memoryMib,
        int cpuCount,
        List<QemuNic> nics,
        boolean mayReboot,
        String accelerator,
        String kernelOptions,
        List<String> extraArguments) {
    /** Emulation, since that works everywhere. Each virtual processor has a thread, and idle ones sleep. */
    private static final String DEFAULT_ACCELERATOR = "tcg,thread=multi";

    public QemuOptions {
        if (!name.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("a guest's name has letters, digits and hyphens only: " + name);
        }
        nics = List.copyOf(nics);
        extraArguments = List.copyOf(extraArguments);
    }

    /** 256 MiB, one processor, no network; the environment variable ANNULET_ACCEL may say "kvm". */
    public static QemuOptions of(String name, GuestImage image, Path workFolder) {
        String accelerator = System.getenv().getOrDefault("ANNULET_ACCEL", DEFAULT_ACCELERATOR);
        return new QemuOptions(name, image, workFolder, 256, 1, List.of(), true, accelerator, "", List.of());
    }

    public QemuOptions withMemoryMib(int mebibytes) {
        return new QemuOptions(
                name,
                image,
                workFolder,
                mebibytes,
                cpuCount,
                nics,
                mayReboot,
                accelerator,
                kernelOptions,
                extraArguments);
    }

    public QemuOptions withCpus(int count) {
        return new QemuOptions(
                name, image, workFolder, memoryMib, count, nics, mayReboot, accelerator, kernelOptions, extraArguments);
    }

    /** One more network device. */
    public QemuOptions with(QemuNic nic) {
        List<QemuNic> more = new ArrayList<>(nics);
        more.add(nic);
        return new QemuOptions(
                name,
                image,
                workFolder,
                memoryMib,
                cpuCount,
                more,
                mayReboot,
                accelerator,
                kernelOptions,
                extraArguments);
    }

    public QemuOptions withoutReboot() {
        return new QemuOptions(
                name, image, workFolder, memoryMib, cpuCount, nics, false, accelerator, kernelOptions, extraArguments);
    }

    public QemuOptions withKernelOptions(String words) {
        return new QemuOptions(
                name, image, workFolder, memoryMib, cpuCount, nics, mayReboot, accelerator, words, extraArguments);
    }

    public QemuOptions withExtraArguments(String... words) {
        return new QemuOptions(
                name,
                image,
                workFolder,
                memoryMib,
                cpuCount,
                nics,
                mayReboot,
                accelerator,
                kernelOptions,
                List.of(words));
    }
}
