package io.annulet.cli.demo;

import java.util.ArrayList;
import java.util.List;

/**
 * The host's end of the tap. It is in a network namespace of its own, so that the host's interfaces and routes stay as
 * they are; where there are no namespaces, the tap stays on the host, with an address of a network kept for tests of
 * devices (RFC 2544) that nobody uses here. Closing removes the namespace.
 */
final class HostSide implements AutoCloseable {

    private final String namespace;
    private final String network;

    private HostSide(String namespace, String network) {
        this.namespace = namespace;
        this.network = network;
    }

    static HostSide create() {
        String namespace = "annulet-demo-" + ProcessHandle.current().pid();
        if (Programs.run(List.of("ip", "netns", "add", namespace)).status() == 0) {
            HostSide made = new HostSide(namespace, "198.18.77");
            if (Programs.run(made.inside("true")).status() == 0) {
                return made;
            }
            made.close();
        }
        return new HostSide("", freeNetwork());
    }

    /** An address of the network, by its last number. */
    String address(int number) {
        return network + "." + number;
    }

    /** Where the tap is, for people. */
    String place() {
        return namespace.isEmpty() ? "on this host" : "in network namespace " + namespace;
    }

    /** A command line that runs a program beside the tap. */
    String commandLine(String... program) {
        return String.join(" ", inside(program));
    }

    /** Takes the tap in, with this address. */
    void adopt(String interfaceName, String address) {
        if (!namespace.isEmpty()) {
            Programs.mustRun(List.of("ip", "link", "set", "dev", interfaceName, "netns", namespace));
        }
        Programs.mustRun(inside("ip", "address", "add", address + "/24", "dev", interfaceName));
        Programs.mustRun(inside("ip", "link", "set", "dev", interfaceName, "up"));
    }

    /** Pings an address; returns what ping said. */
    String ping(String address, int count) {
        String[] ping = {"ping", "-c", Integer.toString(count), "-i", "0.2", "-W", "5", address};
        return Programs.run(inside(ping)).text();
    }

    private List<String> inside(String... program) {
        List<String> command = new ArrayList<>();
        if (!namespace.isEmpty()) {
            command.addAll(List.of("ip", "netns", "exec", namespace));
        }
        command.addAll(List.of(program));
        return command;
    }

    private static String freeNetwork() {
        String used = Programs.run(List.of("ip", "-4", "address")).text()
                + Programs.run(List.of("ip", "-4", "route")).text();
        int third = 77;
        while (used.contains("198.18." + third + ".") && third < 254) {
            third++;
        }
        return "198.18." + third;
    }

    @Override
    public void close() {
        if (!namespace.isEmpty()) {
            Programs.mustRun(List.of("ip", "netns", "delete", namespace));
        }
    }
}
