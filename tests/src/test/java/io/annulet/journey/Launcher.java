package io.annulet.journey;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The launcher {@code ./annulet} of this tree; stateless. */
public final class Launcher {

    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final Path STAMP = ROOT.resolve("build/stamp");

    private Launcher() {}

    public static Path path() {
        return ROOT.resolve("annulet").toAbsolutePath().normalize();
    }

    /** Whether it would run what is built: building while the classes are in use would take them away from us. */
    public static boolean isReady() {
        try {
            return Files.exists(STAMP) && !isStale();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As the launcher sees it. */
    private static boolean isStale() throws IOException {
        List<Path> sources = new ArrayList<>(List.of(ROOT.resolve("annulet"), ROOT.resolve("pom.xml")));
        sources.add(ROOT.resolve("deploy/jvm.options"));
        sources.add(ROOT.resolve(".mvn"));
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.filter(Files::isDirectory).toList()) {
                sources.add(module.resolve("pom.xml"));
                sources.add(module.resolve("src/main"));
            }
        }
        FileTime built = Files.getLastModifiedTime(STAMP);
        for (Path source : sources) {
            if (Files.exists(source) && isAnyNewer(source, built)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAnyNewer(Path root, FileTime than) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.toList()) {
                if (Files.getLastModifiedTime(file).compareTo(than) > 0) {
                    return true;
                }
            }
        }
        return false;
    }
}
