package io.annulet.interop;

import io.annulet.cli.vm.GuestImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** A guest's file system with a Java runtime and this build: {@code /bin/annulet} is the command, {@code /bin/java} the JVM. */
final class AnnuletInGuest {

    /** What of the test class path the guest gets: our classes and the libraries that run with them. */
    private static final String WANTED =
            ".*/(classes|test-classes|(agrona|netty|picocli|jackson|snakeyaml-engine|HdrHistogram|slf4j-api|logback"
                    + "|jspecify|vring|vfio|deploy|host-backend|guest-driver-sim)[^/]*\\.jar)";

    private AnnuletInGuest() {}

    /** Makes it in the folder; a large file. */
    static Path initramfs(Path folder, GuestImage image) {
        return join(folder, GuestImage.buildJava(line -> {}), image.initramfs());
    }

    /** The runtime, our classes and the guest's own file system behind each other, which the kernel takes as one. */
    private static Path join(Path folder, Path java, Path guestFiles) {
        try {
            Path root = Files.createDirectories(folder.resolve("guest-root"));
            layOut(root);
            Path classes = folder.resolve("classes.cpio");
            int status = new ProcessBuilder("sh", "-c", "find . | cpio -o -H newc -R 0:0 --quiet > " + classes)
                    .directory(root.toFile())
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new AssertionError("cpio ended with status " + status);
            }
            Path joined = folder.resolve("annulet.initramfs");
            try (OutputStream out = Files.newOutputStream(joined)) {
                for (Path part : List.of(java, classes, guestFiles)) {
                    Files.copy(part, out);
                }
            }
            return joined;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static void layOut(Path root) throws IOException {
        Path library = Files.createDirectories(root.resolve("opt/annulet"));
        List<String> inGuest = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(":", -1)) {
            if (entry.matches(WANTED)) {
                String name = inGuest.size() + (entry.endsWith(".jar") ? ".jar" : "");
                copy(Path.of(entry), library.resolve(name));
                inGuest.add("/opt/annulet/" + name);
            }
        }
        Path options = Path.of(System.getProperty("annulet.root", "..")).resolve("deploy/jvm.options");
        Files.copy(options, library.resolve("jvm.options"));
        // An emulated processor is better off with quickly compiled code than with good code.
        String java = "#!/bin/sh\nexec /opt/java/bin/java @/opt/annulet/jvm.options -XX:TieredStopAtLevel=1 -ea -cp "
                + String.join(":", inGuest);
        program(root, "java", java + " \"$@\"\n");
        program(root, "annulet", java + " io.annulet.cli.Main \"$@\"\n");
    }

    private static void program(Path root, String name, String text) throws IOException {
        Path file = Files.createDirectories(root.resolve("bin")).resolve(name);
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void copy(Path from, Path to) throws IOException {
        if (!Files.exists(from)) {
            Files.createDirectories(to);
            return;
        }
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(to.resolve(from.relativize(folder).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String name = from.relativize(file).toString();
                Files.copy(file, name.isEmpty() ? to : to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
