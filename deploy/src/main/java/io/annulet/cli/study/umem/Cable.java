package io.annulet.cli.study.umem;

import io.annulet.cli.study.StudyFailure;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.NetworkNamespaces;
import io.annulet.linux.PacketSocket;
import io.annulet.linux.XdpProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * A virtual cable in a network namespace of its own, where nobody else sends: frames that are sent out of its far end come
 * to an XDP socket at its near end. The namespace goes with it. Used by one thread, apart from sending.
 */
final class Cable implements AutoCloseable {

    private static final Path NO_IPV6 = Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6");

    /** A namespace is a thread's own: what has to be opened inside is opened by this one. */
    private final ExecutorService inside = Executors.newSingleThreadExecutor(
            work -> Thread.ofPlatform().name("namespace").daemon().unstarted(work));

    private final NetworkInterface near = NetworkInterface.named("near");
    private final PacketSocket far;
    private final XdpProgram program;

    private Cable() {
        far = open(() -> {
            layInside();
            return PacketSocket.open(NetworkInterface.named("far"));
        });
        program = open(() -> XdpProgram.attach(near, 1));
    }

    /** @throws io.annulet.linux.LinuxException if this process may not; the message says what it needs */
    static Cable inNamespace() {
        return new Cable();
    }

    private static void layInside() {
        NetworkNamespaces.enterNew();
        try {
            if (Files.exists(NO_IPV6)) {
                Files.writeString(NO_IPV6, "1");
            }
        } catch (IOException e) {
            throw new StudyFailure("no namespace without IPv6: " + e.getMessage(), e);
        }
        ip("link", "add", "near", "type", "veth", "peer", "name", "far");
        ip("link", "set", "near", "up");
        ip("link", "set", "far", "up");
    }

    private static void ip(String... words) {
        String[] command = new String[words.length + 1];
        command[0] = "ip";
        System.arraycopy(words, 0, command, 1, words.length);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new StudyFailure(String.join(" ", command) + ": " + said.strip());
            }
        } catch (IOException e) {
            throw new StudyFailure("ip cannot be run: install iproute2", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StudyFailure("interrupted", e);
        }
    }

    /** Opens something inside of the namespace; it can be used anywhere. */
    <T> T open(Supplier<T> opening) {
        try {
            return inside.submit(opening::get).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new StudyFailure("the cable: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StudyFailure("interrupted", e);
        }
    }

    NetworkInterface near() {
        return near;
    }

    XdpProgram program() {
        return program;
    }

    /** Where frames are sent from; for one thread. */
    PacketSocket far() {
        return far;
    }

    @Override
    public void close() {
        program.close();
        far.close();
        inside.shutdown();
    }
}
