package io.annulet.cli;

import io.annulet.backend.BackendOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.broker.BrokerRules;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.linux.Capability;
import io.annulet.linux.Landlock;
import io.annulet.linux.Limits;
import io.annulet.linux.LinuxException;
import io.annulet.linux.PassedSockets;
import io.annulet.linux.Privileges;
import io.annulet.linux.Sandbox;
import io.annulet.linux.SocketAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * {@code run --sandbox}: gives up what serving ports does not need, and executes the same command again in the place of this
 * process. Rights belong to threads, and a JVM has many when it runs our code; what one thread gives up holds for all of
 * the JVM that it executes. Used by the main thread.
 */
final class SandboxLauncher {

    /** What the command is told the second time. */
    static final String INSIDE = "--inside-sandbox";

    static final String OPTION = "--sandbox";

    /** Where the second JVM finds the process that opens what it may not. */
    static final String BROKER = "--broker";

    private static final long BROKER_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** What everything reads: programs, libraries, names of users, and what the kernel tells. */
    private static final List<String> DEVICES =
            List.of("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty");

    private static final List<String> READ = List.of("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys");

    private final BackendOptions options;
    private final List<Path> files;
    private final List<Path> read;
    private final List<String> allowed;

    /**
     * @param files beside those of the ports that are made while it runs
     * @param read files and folders that are read again
     * @param allowed what may be opened later, as {@link BrokerRules} has it, beside what the options name
     */
    SandboxLauncher(BackendOptions options, List<Path> files, List<Path> read, List<String> allowed) {
        this.options = options;
        this.files = List.copyOf(files);
        this.read = List.copyOf(read);
        this.allowed = allowed;
    }

    /** Does not return. */
    CommandFailure launch() {
        List<Path> writable = writable();
        BrokerRules rules = rules();
        List<String> command = command();
        Path temporary = temporaryFolder();
        int program = command.indexOf(Main.class.getName());
        List<String> again = new ArrayList<>(command.subList(0, program));
        again.add("-XX:+DisableAttachMechanism");
        again.add("-Djava.io.tmpdir=" + temporary);
        again.addAll(command.subList(program, command.size()));
        again.removeIf(OPTION::equals);
        again.add(INSIDE);
        if (!rules.allowed().isEmpty()) {
            Path socket = temporary.resolve("broker");
            startBroker(command.subList(0, program + 1), socket, rules);
            again.add(BROKER);
            again.add(socket.toString());
        }
        Set<Capability> kept = raiseLockedMemory(rules) ? Set.of() : Set.of(Capability.CAP_IPC_LOCK);
        Limits.forbidCoreDumps();
        try (Landlock files = Landlock.create()) {
            READ.forEach(folder -> files.mayRead(Path.of(folder)));
            files.mayRead(Path.of(System.getProperty("java.home")));
            read.forEach(path -> files.mayRead(Files.isDirectory(path) ? path : folder(path)));
            for (String word : command.subList(0, program)) {
                readWhatIsNamed(files, word);
            }
            DEVICES.forEach(device -> files.mayWrite(Path.of(device)));
            files.mayWrite(temporary);
            writable.forEach(files::mayWrite);
            Sandbox.forbidNewPrivileges();
            Sandbox.keepCapabilities(kept);
            files.restrict();
        }
        LinuxException refused = Sandbox.execute(java(), again, System.getenv());
        return new CommandFailure(String.valueOf(refused.getMessage()), "run without " + OPTION, refused);
    }

    /** The JVM's words that name files: argument files, the class path, the start-up cache. */
    private static void readWhatIsNamed(Landlock files, String word) {
        String names = word.startsWith("@") ? word.substring(1) : word.substring(word.indexOf('=') + 1);
        for (String name : names.split(":", -1)) {
            Path path = Path.of(name).toAbsolutePath();
            if (path.getNameCount() > 1) {
                files.mayRead(path);
            }
        }
        if (word.startsWith("@")) {
            // The class path in an argument file lies beside it.
            files.mayRead(folder(Path.of(names)));
        }
    }

    /** What the ports need that are named, and what may be added. */
    private BrokerRules rules() {
        List<String> rules = new ArrayList<>(allowed);
        for (PortOptions port : options.ports()) {
            switch (port) {
                case PortOptions.Tap tap -> rules.add("tap:" + tap.options().interfaceName());
                case PortOptions.Xdp xdp -> rules.add("af_xdp:" + xdp.options().interfaceName());
                default -> {}
            }
        }
        return new BrokerRules(rules);
    }

    /** A process of the same program, which keeps the rights that this one is about to give up. */
    private static void startBroker(List<String> program, Path socket, BrokerRules rules) {
        List<String> command = new ArrayList<>(program);
        command.set(0, java().toString());
        command.addAll(List.of(
                "broker",
                socket.toString(),
                Long.toString(ProcessHandle.current().pid())));
        command.addAll(rules.allowed());
        try {
            Process broker = new ProcessBuilder(command)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            long deadlineNanos = System.nanoTime() + BROKER_NANOS;
            while (!Files.exists(socket)) {
                if (!broker.isAlive() || System.nanoTime() - deadlineNanos > 0) {
                    throw new CommandFailure(
                            "the process that opens taps and interfaces did not start",
                            "see what it said above, or run without " + OPTION);
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Memory for frames of AF_XDP is locked.
     *
     * @return false if as much as is needed may be locked only with CAP_IPC_LOCK
     */
    private static boolean raiseLockedMemory(BrokerRules rules) {
        boolean needed = rules.allowed().stream().anyMatch(rule -> rule.startsWith("af_xdp:"));
        if (needed && Privileges.has(Capability.CAP_SYS_RESOURCE)) {
            Limits.lockedMemory(new Limits.Limit(Limits.UNLIMITED, Limits.UNLIMITED));
        }
        return !needed || Limits.lockedMemory().soft() == Limits.UNLIMITED;
    }

    /** Folders of sockets, captures, counters and state. */
    private List<Path> writable() {
        List<Path> folders = new ArrayList<>();
        for (PortOptions port : options.ports()) {
            switch (port) {
                case PortOptions.Guest guest -> {
                    Path socket = checked(guest).socket();
                    if (!PassedSockets.isNumber(socket)) {
                        folders.add(folder(socket));
                    }
                }
                case PortOptions.Pcap pcap -> folders.add(folder(pcap.options().file()));
                case PortOptions.Tap tap -> {}
                case PortOptions.Xdp xdp -> {}
                case PortOptions.Loopback loopback -> {}
                case PortOptions.Nic nic ->
                    throw new CommandFailure(
                            "port " + nic.name() + " cannot be served in a sandbox: mapping guest memory for a NIC, and"
                                    + " resetting it, need rights for as long as it runs",
                            "run it without " + OPTION);
            }
        }
        files.forEach(file -> folders.add(folder(file)));
        if (options.counters() == null) {
            folders.add(prepared(CountersPaths.directory()));
        }
        Path state = options.state();
        if (state != null) {
            folders.add(prepared(state));
        }
        return folders;
    }

    private static VhostUserOptions checked(PortOptions.Guest guest) {
        SocketAccess access = guest.options().access();
        if (access.owner() != null || access.group() != null) {
            throw new CommandFailure(
                    "port " + guest.name() + ": giving its socket away needs a right that a sandbox has not",
                    "leave owner= and group= out, and let the folder's group or allow-gid= decide");
        }
        if (guest.options().postcopy()) {
            throw new CommandFailure(
                    "port " + guest.name()
                            + " cannot be served in a sandbox: its guest may arrive by post-copy, for which"
                            + " page faults are handed to its front-end",
                    "leave postcopy=on out, or run it without " + OPTION);
        }
        return guest.options();
    }

    private static Path prepared(Path folder) {
        try {
            CountersPaths.prepare(folder);
            return folder;
        } catch (IOException e) {
            throw new CommandFailure(
                    "make the folder " + folder + ": " + e.getMessage(), "choose another with --state FOLDER", e);
        }
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    private static Path folder(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? Path.of("/") : parent;
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory(
                    "annulet-", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The words of this process's command line. */
    private static List<String> command() {
        try {
            String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
            return List.of(line.split("\0"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
