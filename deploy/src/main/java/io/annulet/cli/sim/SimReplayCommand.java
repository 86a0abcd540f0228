package io.annulet.cli.sim;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.annulet.cli.CommandFailure;
import io.annulet.guest.VhostUserFrontEnd;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet sim replay}: what a front-end said, said again. */
@Command(
        name = "replay",
        description = "Plays the messages of a port's record to a back-end again, and compares the answers.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "The record is what 'annulet run --recorder' wrote at a fault or at SIGUSR2. Memory and eventfds are made anew, as",
            "large as they were; memory is empty, so rings are, too. The last session of the record is played.",
            "",
            "Status: 0 if all answers are as they were, 1 if not, 2 if the record cannot be played.",
            "",
            "  annulet run --port a=vhost-user:/tmp/a.sock &  annulet sim replay a.flight-1.json /tmp/a.sock"
        })
final class SimReplayCommand implements Callable<Integer> {

    private static final String FORMAT = "annulet-flight-1";

    @Parameters(index = "0", paramLabel = "RECORD", description = "The file with the record.")
    private Path record = Path.of("");

    @Parameters(index = "1", paramLabel = "SOCKET", description = "Where the back-end listens.")
    private Path socket = Path.of("");

    @Option(names = "--timeout", paramLabel = "TIME", description = "For each answer (default: 5s).")
    private String timeout = "5s";

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<ReplayStep> steps = ReplayStep.ofLastSession(read());
        if (steps.isEmpty()) {
            throw new CommandFailure(record + " has no messages", "name the record of a port that had a front-end");
        }
        PrintWriter out = spec.commandLine().getOut();
        int differences = 0;
        long nanos = Amounts.nanos(timeout);
        try (ReplayedGuest guest = new ReplayedGuest(VhostUserFrontEnd.connect(socket, nanos), nanos)) {
            for (ReplayStep step : steps) {
                String difference = guest.play(step);
                if (!difference.isEmpty()) {
                    differences++;
                    out.println(step.name() + ": " + difference);
                }
            }
        }
        out.println(steps.size() + " messages played, " + differences + " answered otherwise than then");
        out.flush();
        return differences == 0 ? 0 : 1;
    }

    private JsonNode read() {
        try {
            JsonNode root = new ObjectMapper().readTree(record.toFile());
            if (root == null || !root.path("format").asText().equals(FORMAT)) {
                throw new CommandFailure(record + " is no record of a port", "name a file with the format " + FORMAT);
            }
            return root;
        } catch (IOException e) {
            throw new CommandFailure(record + ": " + e.getMessage(), "name a record that can be read", e);
        }
    }
}
