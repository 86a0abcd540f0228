package io.annulet.cli.vm;

import io.annulet.cli.CommandFailure;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where the project's scripts lie and where made files go. */
final class ProjectFiles {
    private static final String LANDMARK = "deploy/qemu/build-guest-image";

    private ProjectFiles() {}

    /** The folder that holds {@code deploy}: as the system property annulet.root says, above our jar, or above us. */
    static Path root() {
        String property = System.getProperty("annulet.root");
        Path root = property == null ? null : above(Path.of(property));
        if (root == null) {
            root = above(ourJar());
        }
        if (root == null) {
            root = above(Path.of(""));
        }
        if (root == null) {
            throw new CommandFailure(
                    "the folder with " + LANDMARK + " was not found", "run ./annulet from the project's folder");
        }
        return root;
    }

    /** What the environment variable ANNULET_CACHE says, or the project's build folder. */
    static Path cache() {
        String variable = System.getenv("ANNULET_CACHE");
        return variable == null || variable.isEmpty()
                ? root().resolve("build")
                : Path.of(variable).toAbsolutePath();
    }

    private static @Nullable Path above(Path start) {
        Path folder = start.toAbsolutePath().normalize();
        while (folder != null && !Files.exists(folder.resolve(LANDMARK))) {
            folder = folder.getParent();
        }
        return folder;
    }

    private static Path ourJar() {
        try {
            return Path.of(ProjectFiles.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
