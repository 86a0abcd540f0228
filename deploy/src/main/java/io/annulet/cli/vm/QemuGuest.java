package io.annulet.cli.vm;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A Linux guest under QEMU and the channels that drive it; one thread at a time uses it, but {@link #kill} and
 * {@link #close} may come from any.
 *
 * <p>{@link #start} returns while the guest boots, so that several boot at once; {@link #awaitReady} waits for it. Each
 * wait has a time limit and fails early when QEMU ends. A guest that is still there when this JVM ends in order is
 * killed. The logs NAME.console.log and NAME.qemu.log stay in the working folder.
 */
public final class QemuGuest implements AutoCloseable {
    /** Long enough for a guest to boot on a machine on which much else runs; alone it takes 3 to 5 s. */
    public static final Duration BOOT_LIMIT = Duration.ofMinutes(3);

    private static final String REMEDY = "run deploy/setup/install-tools qemu as root";
    private static final Duration QMP_LIMIT = Duration.ofSeconds(10);
    private static final Duration QUIT_LIMIT = Duration.ofSeconds(3);

    /** QEMU as a child is killed by its own id, so nothing else can be hit. */
    private final Process process;

    private final QemuOptions options;
    private final Path console;
    private final Path qemuLog;
    private final Chardev agentChardev;
    private final Chardev qmpChardev;
    private final GuestAgent agent;
    private final Qmp qmp;
    private final Thread killer;

    private QemuGuest(Process process, QemuOptions options, Chardev agentChardev, Chardev qmpChardev) {
        this.process = process;
        this.options = options;
        this.console = consoleOf(options);
        this.qemuLog = qemuLogOf(options);
        this.agentChardev = agentChardev;
        this.qmpChardev = qmpChardev;
        this.agent = new GuestAgent(agentChardev);
        this.qmp = new Qmp(qmpChardev);
        this.killer = new Thread(process::destroyForcibly, "kill guest " + options.name());
    }

    /** Why no guest can be started here, as "problem: remedy", or nothing when one can. */
    public static Optional<String> obstacle() {
        return problemOf(QemuProgram.find()).map(problem -> problem + ": " + REMEDY);
    }

    private static Optional<String> problemOf(Optional<QemuProgram> program) {
        if (program.isEmpty()) {
            return Optional.of("qemu-system-x86_64 is missing");
        }
        return program.filter(QemuProgram::isTooOld)
                .map(old -> "QEMU " + old.version() + " is too old for vhost-user under TCG");
    }

    /**
     * Starts QEMU, and with it the guest's boot.
     *
     * @throws CommandFailure if there is no QEMU that could
     */
    public static QemuGuest start(QemuOptions options) {
        Optional<QemuProgram> found = QemuProgram.find();
        problemOf(found).ifPresent(problem -> {
            throw new CommandFailure(problem, REMEDY);
        });
        QemuProgram program = found.orElseThrow();
        Chardev agent = Chardev.listen(options.workFolder().resolve(options.name() + ".agent"));
        Chardev qmp = Chardev.listen(options.workFolder().resolve(options.name() + ".qmp"));
        List<String> command = QemuCommand.build(program, options, consoleOf(options), agent.path(), qmp.path());
        try {
            Path log = qemuLogOf(options);
            Files.writeString(log, String.join(" ", command) + "\n");
            Process process = new ProcessBuilder(command)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            QemuGuest guest = new QemuGuest(process, options, agent, qmp);
            guest.watch();
            return guest;
        } catch (IOException e) {
            agent.close();
            qmp.close();
            throw new CommandFailure(
                    "cannot start " + program.path() + ": " + e.getMessage(), "check " + options.workFolder(), e);
        }
    }

    private void watch() {
        killAtTheEnd();
        Thread.startVirtualThread(() -> {
            process.onExit().join();
            agentChardev.peerIsGone();
            qmpChardev.peerIsGone();
        });
    }

    private void killAtTheEnd() {
        try {
            Runtime.getRuntime().addShutdownHook(killer);
        } catch (IllegalStateException e) {
            close();
            throw new CommandFailure("guest " + name() + " was started while this program ends", "start it again", e);
        }
    }

    /** Waits until the guest is up, after {@link #start}, {@link #reboot} or {@link #reset}. */
    public void awaitReady(Duration limit) {
        if (!agent.awaitReady(Deadline.in(limit))) {
            throw failure("did not come up within " + limit.toSeconds() + " s");
        }
    }

    /**
     * Runs a command line in the guest's shell (busybox ash).
     *
     * @param command one line; what it leaves running must redirect its output
     * @throws CommandFailure if there is no answer in time; the guest goes on with the command, and the next call first
     *     waits for its end
     */
    public Result run(String command, Duration limit) {
        return agent.run(command, Deadline.in(limit))
                .orElseThrow(() -> failure("did not finish '" + command + "' within " + limit.toSeconds() + " s"));
    }

    /**
     * Runs a command that has to succeed.
     *
     * @return its output, standard error included
     */
    public String mustRun(String command, Duration limit) {
        Result result = run(command, limit);
        if (result.status() != 0) {
            throw failure("ended '" + command + "' with status " + result.status() + ": "
                    + lastLine(result.output()).orElse("no output"));
        }
        return result.output();
    }

    /** The exit status of a command, and what it wrote to standard output and standard error. */
    public record Result(int status, String output) {}

    /** Lets the guest's own kernel restart the machine; {@link #awaitReady} tells when it is back. */
    public void reboot() {
        if (!agent.send("reboot -f", Deadline.in(QMP_LIMIT))) {
            throw failure("did not take the command to reboot");
        }
    }

    /** Resets the machine behind the guest's back; {@link #awaitReady} tells when it is back. */
    public void reset() {
        qmp("system_reset", "");
    }

    /**
     * Executes a command of QEMU's own, such as "stop", "cont" or "query-status".
     *
     * @param arguments a JSON object, or the empty text for none
     * @return QEMU's answer, one JSON object
     */
    public String qmp(String command, String arguments) {
        String answer = qmp.execute(command, arguments, Deadline.in(QMP_LIMIT))
                .orElseThrow(() -> failure("did not answer QEMU's command '" + command + "'"));
        if (answer.startsWith("{\"error\"")) {
            throw failure("refused QEMU's command '" + command + "': " + answer);
        }
        return answer;
    }

    public String name() {
        return options.name();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The process id of QEMU. */
    public long pid() {
        return process.pid();
    }

    /**
     * Waits for QEMU to end by itself, as after "poweroff -f" in the guest.
     *
     * @return its exit status
     */
    public int awaitExit(Duration limit) {
        if (!waitFor(limit)) {
            throw failure("did not end within " + limit.toSeconds() + " s");
        }
        return process.exitValue();
    }

    /** Kills QEMU at once, as a crash of it would. */
    public void kill() {
        process.destroyForcibly();
        waitFor(QUIT_LIMIT);
    }

    /** The last lines of what the guest's kernel said. */
    public String consoleTail(int lineCount) {
        List<String> lines = linesOf(console);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - lineCount), lines.size()));
    }

    /** Ends QEMU, by force if it has to be, and removes the sockets; the logs stay. */
    @Override
    public void close() {
        if (process.isAlive()) {
            // By a signal, because another thread may be using the command channel.
            process.destroy();
            if (!waitFor(QUIT_LIMIT)) {
                kill();
            }
        }
        agentChardev.close();
        qmpChardev.close();
        removeListeningSockets();
        try {
            Runtime.getRuntime().removeShutdownHook(killer);
        } catch (IllegalStateException e) {
            // The JVM is ending, and the hook finds QEMU gone.
            return;
        }
    }

    /** A QEMU that was killed leaves the sockets it listened on. */
    private void removeListeningSockets() {
        for (QemuNic nic : options.nics()) {
            try {
                if (nic.doesQemuListen()) {
                    Files.deleteIfExists(nic.socket());
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private boolean waitFor(Duration limit) {
        try {
            return process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Says why, when QEMU's end explains it, and where to read more. */
    private CommandFailure failure(String problem) {
        String remedy = "read " + console + " and " + qemuLog;
        if (waitFor(agentChardev.isPeerGone() || qmpChardev.isPeerGone() ? QUIT_LIMIT : Duration.ZERO)) {
            String said = linesOf(qemuLog).stream().skip(1).collect(Collectors.joining("\n"));
            return new CommandFailure(
                    "QEMU of guest " + options.name() + " ended with status " + process.exitValue()
                            + lastLine(said).map(line -> ": " + line).orElse(""),
                    remedy);
        }
        return new CommandFailure(
                "guest " + options.name() + " " + problem
                        + lastLine(consoleTail(1))
                                .map(line -> "; its kernel said last: " + line)
                                .orElse(""),
                remedy);
    }

    private static Optional<String> lastLine(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).reduce((first, second) -> second);
    }

    private static List<String> linesOf(Path file) {
        try {
            return new String(Files.readAllBytes(file), UTF_8).lines().toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static Path consoleOf(QemuOptions options) {
        return options.workFolder().resolve(options.name() + ".console.log");
    }

    private static Path qemuLogOf(QemuOptions options) {
        return options.workFolder().resolve(options.name() + ".qemu.log");
    }
}
