package io.annulet.packaging;

import io.annulet.cli.vm.Tools;
import io.annulet.journey.Child;
import io.annulet.linux.Privileges;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A Docker of the test's own: its images, containers and socket are in one folder, and it touches no network. */
final class DockerDaemon implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Path CONTROL_GROUPS = Path.of("/sys/fs/cgroup");

    private final Path folder;
    private final Child daemon;

    private DockerDaemon(Path folder) {
        this.folder = folder;
        daemon = Child.run(List.of(
                "dockerd",
                "--host=" + host(),
                "--data-root=" + folder.resolve("data"),
                "--exec-root=" + folder.resolve("exec"),
                "--pidfile=" + folder.resolve("docker.pid"),
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false"));
    }

    /** Why there can be none; empty if there can. */
    static Optional<String> obstacle() {
        if (Privileges.effectiveUserId() != 0) {
            return Optional.of("dockerd needs root");
        }
        return Files.isDirectory(CONTROL_GROUPS) ? Optional.empty() : Optional.of("there are no control groups");
    }

    /** Starts one, installed if need be, and waits until it answers. */
    static DockerDaemon start(Path folder) throws InterruptedException {
        Tools.install(line -> {}, "docker");
        DockerDaemon docker = new DockerDaemon(folder);
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!docker.answers()) {
            if (!docker.daemon.isAlive() || System.nanoTime() > deadline) {
                String why = docker.daemon.text();
                docker.close();
                throw new AssertionError("dockerd does not answer: " + why);
            }
            Thread.sleep(PAUSE);
        }
        return docker;
    }

    /** Its socket, as DOCKER_HOST has it. */
    String host() {
        return "unix://" + folder.resolve("docker.sock");
    }

    private boolean answers() {
        try (Child client = Child.run(command("docker", "version"))) {
            return client.awaitEnd(LIMIT) == 0;
        }
    }

    /** A command that has to do with this one. */
    List<String> command(String... words) {
        List<String> command = new ArrayList<>(List.of("env", "DOCKER_HOST=" + host()));
        command.addAll(List.of(words));
        return command;
    }

    /** Ends it, with its containers; what is in its folder stays. */
    @Override
    public void close() {
        daemon.terminate();
        daemon.awaitEnd(LIMIT);
        daemon.close();
    }
}
