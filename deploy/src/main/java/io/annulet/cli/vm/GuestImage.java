package io.annulet.cli.vm;

import io.annulet.cli.CommandFailure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a guest boots: a distribution's kernel and a small initramfs with busybox, iperf3 and ethtool.
 *
 * @param kernel the compressed kernel
 * @param initramfs the root file system, whose /init is {@code deploy/qemu/guest-init}
 */
public record GuestImage(Path kernel, Path initramfs) {
    /** The image in the cache folder, if it has been built; it may be of an older recipe. */
    public static Optional<GuestImage> locate() {
        GuestImage image = in(folder());
        return Files.isReadable(image.kernel) && Files.isReadable(image.initramfs)
                ? Optional.of(image)
                : Optional.empty();
    }

    /**
     * Builds the image by {@code deploy/qemu/build-guest-image}, which takes seconds and the network the first time
     * and milliseconds later.
     *
     * @param progress gets each line that the script prints
     * @throws CommandFailure if it cannot be built
     */
    public static GuestImage build(Consumer<String> progress) {
        Tools.run("deploy/qemu/build-guest-image", List.of(folder().toString()), progress);
        return in(folder());
    }

    /**
     * Packs this program's Java runtime for guests by {@code deploy/qemu/build-guest-java}; it goes before the initramfs.
     *
     * @throws CommandFailure if it cannot be packed
     */
    public static Path buildJava(Consumer<String> progress) {
        Path folder = folder();
        Tools.run(
                "deploy/qemu/build-guest-java", List.of(System.getProperty("java.home"), folder.toString()), progress);
        return folder.resolve("java.cpio");
    }

    private static Path folder() {
        return ProjectFiles.cache().resolve("guest-image");
    }

    private static GuestImage in(Path folder) {
        return new GuestImage(folder.resolve("vmlinuz"), folder.resolve("initramfs.gz"));
    }
}
