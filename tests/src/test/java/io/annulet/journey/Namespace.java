package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.linux.Capability;
import io.annulet.linux.Privileges;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A network namespace for the host's end of a tap, so that the host's own interfaces and routes stay as they are. */
public final class Namespace implements AutoCloseable {

    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final String name = "annulet-" + ProcessHandle.current().pid() + "-n" + COUNT.incrementAndGet();

    private Namespace() {}

    /** Why there can be none here, or nothing. */
    public static Optional<String> obstacle() {
        if (!Privileges.has(Capability.CAP_NET_ADMIN) || !Privileges.has(Capability.CAP_SYS_ADMIN)) {
            return Optional.of("a network namespace needs CAP_NET_ADMIN and CAP_SYS_ADMIN");
        }
        return Privileges.mayOpen(Path.of("/dev/net/tun"))
                ? Optional.empty()
                : Optional.of("/dev/net/tun cannot be opened");
    }

    public static Namespace create() {
        Namespace namespace = new Namespace();
        must("ip", "netns", "add", namespace.name);
        return namespace;
    }

    public String name() {
        return name;
    }

    /** Takes an interface of the host in, brings it up, and gives it an address such as "198.18.0.1/24". */
    public void take(String interfaceName, String address) {
        must("ip", "link", "set", "dev", interfaceName, "netns", name);
        run("ip", "address", "add", address, "dev", interfaceName);
        run("ip", "link", "set", "dev", interfaceName, "up");
    }

    /**
     * Makes two ends of a virtual cable: one in here with an address, and one that stays outside, up. Both go with this
     * namespace.
     *
     * @return the name of the end outside
     */
    public String addCable(String address) {
        String outside = "ann" + ProcessHandle.current().pid() % 1_000_000 + "c" + COUNT.incrementAndGet();
        must("ip", "link", "add", outside, "type", "veth", "peer", "name", "cable", "netns", name);
        must("ip", "link", "set", "dev", outside, "up");
        run("ip", "address", "add", address, "dev", "cable");
        run("ip", "link", "set", "dev", "cable", "up");
        return outside;
    }

    /** Runs a program in it, which has to succeed; returns what it said. */
    public String run(String... command) {
        return must(inside(command));
    }

    /** Starts a program in it. */
    public Child start(String... command) {
        return Child.run(List.of(inside(command)));
    }

    private String[] inside(String... command) {
        return Stream.concat(Stream.of("ip", "netns", "exec", name), Stream.of(command))
                .toArray(String[]::new);
    }

    private static String must(String... command) {
        try (Child program = Child.run(List.of(command))) {
            int status = program.awaitEnd(LIMIT);
            assertEquals(0, status, () -> "status of " + String.join(" ", command) + ": " + program.text());
            return program.text();
        }
    }

    @Override
    public void close() {
        must("ip", "netns", "delete", name);
    }
}
