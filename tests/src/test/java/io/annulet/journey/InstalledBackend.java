package io.annulet.journey;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code ./annulet run} as users have it, with its start-up cache, where it is built; else the classes of this build. It can
 * be killed, by any thread, and started again with the same arguments, ports of a switch at sockets in a folder.
 */
final class InstalledBackend implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Path folder;
    private final List<String> arguments = new ArrayList<>();
    private volatile @Nullable Child child;

    /** @param ports each a name, and its options behind a comma */
    InstalledBackend(Path folder, String... ports) {
        this(folder, folder.resolve("state").toString(), ports);
    }

    /** One that keeps nothing that outlives it. */
    static InstalledBackend withoutState(Path folder, String... ports) {
        return new InstalledBackend(folder, "none", ports);
    }

    private InstalledBackend(Path folder, String state, String... ports) {
        this.folder = folder;
        arguments.addAll(List.of(
                "run", "--counters", folder.resolve("counters").toString(), "--state", state, "--crash-wait", "60000"));
        for (String port : ports) {
            arguments.add("--port");
            String[] nameAndOptions = port.split(",", 2);
            arguments.add(BackendProcess.guestPort(
                    folder, nameAndOptions[0], Arrays.copyOfRange(nameAndOptions, 1, nameAndOptions.length)));
        }
    }

    Path socket(String port) {
        return BackendProcess.socket(folder, port);
    }

    /** Starts it and waits until every port is open. */
    void start(String... more) {
        child = launch(more);
        child().awaitLine("ready", START_LIMIT);
    }

    /** Starts another one beside it, which the caller owns. */
    Child launch(String... more) {
        List<String> words = Stream.concat(arguments.stream(), Stream.of(more)).toList();
        Path launcher = Launcher.path();
        if (!Launcher.isReady()) {
            return Child.java(Stream.concat(Stream.of("io.annulet.cli.Main"), words.stream())
                    .toList());
        }
        return Child.run(
                Stream.concat(Stream.of(launcher.toString()), words.stream()).toList());
    }

    /** Another process has taken over. */
    void replaceWith(Child successor) {
        Child before = child();
        child = successor;
        before.close();
    }

    Child child() {
        Child current = child;
        if (current == null) {
            throw new IllegalStateException("not started");
        }
        return current;
    }

    long pid() {
        return child().pid();
    }

    Holdings settledHoldings(int guests) {
        return Holdings.settled(pid(), guests);
    }

    /** SIGKILL. */
    void kill() {
        child().kill();
    }

    @Override
    public void close() {
        Child current = child;
        if (current != null) {
            current.close();
        }
    }
}
