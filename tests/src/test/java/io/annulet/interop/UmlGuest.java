package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.Tools;
import io.annulet.journey.Child;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A Linux guest under user-mode Linux, whose virtio-net devices are behind sockets; used by one thread. Its root is the
 * host's, read only, so it has the host's programs. It obeys command lines on its console.
 */
final class UmlGuest implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String EXIT = "@@exit ";

    /** Not busybox: before /proc is there, its shell takes the host's /proc/self/exe for itself. */
    private static final List<String> INIT = List.of(
            "#!/bin/sh",
            "export PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "mount -t proc proc /proc",
            "mount -t sysfs sys /sys",
            "mount -t tmpfs run /run",
            "stty -echo -onlcr < /dev/console",
            "load() { insmod /usr/lib/uml/modules/$(uname -r)/kernel/$1.ko; }",
            "for m in net/core/failover drivers/net/net_failover drivers/net/virtio_net net/llc/llc net/802/stp"
                    + " net/802/garp net/802/mrp net/8021q/8021q; do load $m; done",
            "ip link set lo up",
            "echo @@ready@@",
            "while read -r line; do sh -c \"$line\" < /dev/null 2>&1; echo \"@@exit $?@@\"; done");

    private final Child child;

    private UmlGuest(Child child) {
        this.child = child;
    }

    /** Why there can be none here, once everything that can be installed is; empty if there can. */
    static Optional<String> obstacle() {
        try {
            Tools.install(line -> {}, "uml", "net");
            return Optional.empty();
        } catch (CommandFailure e) {
            return Optional.of(e.getMessage() + ": " + e.remedy());
        }
    }

    /** Boots a guest with a device behind each socket, eth0 and so on; returns when it obeys. */
    static UmlGuest start(Path folder, Path... sockets) {
        Path init = folder.resolve("uml-init");
        try {
            Files.write(init, INIT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (!init.toFile().setExecutable(true)) {
            throw new AssertionError("cannot make " + init + " executable");
        }
        List<String> command = new ArrayList<>(List.of(
                "linux.uml",
                "mem=96M",
                "rootfstype=hostfs",
                "rootflags=/",
                "ro",
                "init=" + init.toAbsolutePath(),
                "uml_dir=" + folder.toAbsolutePath() + "/",
                "umid=guest",
                "con=null",
                "con0=fd:0,fd:1"));
        for (int i = 0; i < sockets.length; i++) {
            command.add("virtio_uml.device=" + sockets[i].toAbsolutePath() + ":1:" + i);
        }
        UmlGuest guest = new UmlGuest(Child.run(command));
        boolean up = false;
        try {
            guest.child.awaitLine(0, line -> line.endsWith("@@ready@@"), LIMIT);
            up = true;
            return guest;
        } finally {
            if (!up) {
                guest.kill();
            }
        }
    }

    /** Runs a command line, which has to succeed; returns what it said. */
    String mustRun(String command) {
        long mark = child.mark();
        child.type(command);
        String end = child.awaitLine(mark, line -> line.startsWith(EXIT), LIMIT);
        List<String> said = child.linesSince(mark);
        String output = String.join("\n", said.subList(0, said.indexOf(end)));
        assertEquals(EXIT + "0@@", end, () -> command + " said:\n" + output);
        return output;
    }

    /** Waits until a command line succeeds. */
    void awaitTrue(String condition) {
        mustRun("for i in $(seq 600); do if " + condition + "; then exit 0; fi; sleep 0.1; done; exit 1");
    }

    private void kill() {
        // Its helpers end with it, but for those that it traces.
        List<ProcessHandle> helpers = ProcessHandle.of(child.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .toList();
        child.kill();
        helpers.forEach(ProcessHandle::destroyForcibly);
    }

    @Override
    public void close() {
        if (child.isAlive()) {
            child.type("poweroff -f");
            try {
                child.awaitEnd(LIMIT);
            } finally {
                kill();
            }
        }
    }
}
