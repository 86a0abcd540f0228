package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.linux.Capability;
import io.annulet.linux.Privileges;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A network namespace of a test's own, without IPv6, so that nobody but the test sends in it. Gone when closed. */
public final class NetworkNamespace implements AutoCloseable {

    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final long COMMAND_SECONDS = 60;

    /** What a command said, and its status. */
    record Output(String text, int status) {}

    private final String name;

    private NetworkNamespace(String name) {
        this.name = name;
    }

    /** Skips the test, with the reason, where this process may not make namespaces and taps or a tool is missing. */
    public static void assumeAvailable(String... tools) {
        assumeTrue(Privileges.effectiveUserId() == 0, "network namespaces need root");
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "network namespaces need CAP_NET_ADMIN");
        assumeTrue(Privileges.has(Capability.CAP_SYS_ADMIN), "network namespaces need CAP_SYS_ADMIN");
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "/dev/net/tun is missing");
        assumeInstalled("ip");
        assumeInstalled(tools);
    }

    static void assumeInstalled(String... tools) {
        for (String tool : tools) {
            assumeTrue(isInstalled(tool), tool + " is not installed");
        }
    }

    private static boolean isInstalled(String tool) {
        String path = System.getenv("PATH") + ":/usr/sbin:/sbin";
        return Stream.of(path.split(":")).anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
    }

    public static NetworkNamespace create() {
        String name = "annulet-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
        check("ip", "netns", "add", name);
        NetworkNamespace namespace = new NetworkNamespace(name);
        namespace.run(
                "sh",
                "-c",
                "for i in all default; do f=/proc/sys/net/ipv6/conf/$i/disable_ipv6; [ ! -e $f ] || echo 1 >$f; done");
        namespace.run("ip", "link", "set", "lo", "up");
        return namespace;
    }

    /** A name for an interface that no other test uses. */
    static String newInterfaceName() {
        return "ann" + ProcessHandle.current().pid() % 1_000_000 + "t" + COUNT.incrementAndGet();
    }

    /**
     * Makes a tap outside, which goes with this namespace once it was taken in, and which the host sends nothing to of
     * its own accord.
     */
    public static String addQuietTap(boolean multiQueue) {
        String interfaceName = newInterfaceName();
        String queues = multiQueue ? " multi_queue" : "";
        check("sh", "-c", "ip tuntap add dev " + interfaceName + " mode tap" + queues);
        String ipv6 = "/proc/sys/net/ipv6/conf/" + interfaceName + "/disable_ipv6";
        check("sh", "-c", "[ ! -e " + ipv6 + " ] || echo 1 >" + ipv6);
        return interfaceName;
    }

    /**
     * Makes two ends of a virtual cable: one outside, up, that the host sends nothing to of its own accord, and one in here,
     * called {@code inside}. Both go with this namespace.
     *
     * @return the name of the end outside
     */
    public String addCable(String inside) {
        String outside = newInterfaceName();
        check("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name);
        String ipv6 = "/proc/sys/net/ipv6/conf/" + outside + "/disable_ipv6";
        check("sh", "-c", "[ ! -e " + ipv6 + " ] || echo 1 >" + ipv6);
        check("ip", "link", "set", outside, "up");
        run("ip", "link", "set", inside, "up");
        return outside;
    }

    /** Makes a bridge that sends nothing of its own accord. */
    public void addBridge(String bridge) {
        run("ip", "link", "add", bridge, "type", "bridge", "mcast_snooping", "0");
        run("ip", "link", "set", bridge, "up");
    }

    /** Takes an interface in and adds it to a bridge. */
    public void takeOnto(String bridge, String interfaceName) {
        take(interfaceName);
        addToBridge(bridge, interfaceName);
    }

    /** Adds an interface that is in here to a bridge. */
    public void addToBridge(String bridge, String interfaceName) {
        run("ip", "link", "set", interfaceName, "master", bridge);
    }

    /** Takes an interface in, which goes down by that, and brings it up. */
    public void take(String interfaceName) {
        check("ip", "link", "set", "dev", interfaceName, "netns", name);
        run("ip", "link", "set", "dev", interfaceName, "up");
    }

    /** Runs a command in the namespace, which must succeed; returns what it said. */
    String run(String... command) {
        return check(inside(command));
    }

    /** Runs a command in the namespace, whether it succeeds or not. */
    Output tryToRun(String... command) {
        return execute(inside(command));
    }

    /** Starts a command in the namespace that goes on until the test ends it. */
    Process start(String... command) {
        return start(List.of(inside(command)));
    }

    private String[] inside(String... command) {
        return Stream.concat(Stream.of("ip", "netns", "exec", name), Stream.of(command))
                .toArray(String[]::new);
    }

    static String check(String... command) {
        Output output = execute(command);
        assertEquals(0, output.status(), () -> String.join(" ", command) + ": " + output.text());
        return output.text();
    }

    private static Output execute(String... command) {
        Process process = start(List.of(command));
        try (InputStream said = process.getInputStream()) {
            String text = new String(said.readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError(String.join(" ", command) + " goes on");
            }
            return new Output(text, process.exitValue());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(String.join(" ", command) + " was interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static Process start(List<String> command) {
        try {
            return new ProcessBuilder(new ArrayList<>(command))
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        check("ip", "netns", "del", name);
    }
}
