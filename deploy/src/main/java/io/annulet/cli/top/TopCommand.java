package io.annulet.cli.top;

import io.annulet.cli.ctl.ApiClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code annulet top}: what a back-end does, in a terminal. */
@Command(
        name = "top",
        description = "Shows what a running back-end does, once a second, until q is pressed.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "IN and OUT are frames and bits a second from and to a port, CALL notifications of its guest, BATCH frames that",
            "were taken from it at once. RX%% is the share of its receive rings that is available, so 0 is a guest that",
            "offers no buffers; TX%% likewise of what it has sent and nobody took yet.",
            "",
            "Keys: q quits; n, i, o, d, c, b and f sort by a column, r the other way round; arrows, or j and k, choose the",
            "port of which there is more below. Where standard output is no terminal, one table is printed."
        })
public final class TopCommand implements Callable<Integer> {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            defaultValue = "${env:ANNULET_API:-" + ApiClient.USUAL_SOCKET + "}",
            description = "The API's socket (default: $ANNULET_API, or " + ApiClient.USUAL_SOCKET + ").")
    private Path socket = Path.of(ApiClient.USUAL_SOCKET);

    @Option(names = "--once", description = "Print one table, of one period.")
    private boolean once;

    @Option(
            names = "--period",
            paramLabel = "MS",
            defaultValue = "1000",
            description = "From one look to the next (default: ${DEFAULT-VALUE}).")
    private int periodMillis;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (periodMillis < 100 || periodMillis > 60_000) {
            throw new ParameterException(
                    spec.commandLine(), "--period " + periodMillis + ": 100 to 60000 milliseconds");
        }
        ApiClient client = new ApiClient(socket, LIMIT);
        if (once || !io.annulet.cli.Terminal.isStandardOutput()) {
            print(client);
            return 0;
        }
        // Asked first, so that a back-end that is not there is told of as by every command.
        TopSample first = TopSample.ask(client);
        try (Terminal terminal = TerminalBuilder.builder().system(true).build()) {
            if (terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
                print(client);
            } else {
                new TopScreen(terminal, () -> TopSample.ask(client), Duration.ofMillis(periodMillis)).run(first);
            }
        }
        return 0;
    }

    private void print(ApiClient client) throws IOException, InterruptedException {
        TopSample before = TopSample.ask(client);
        Thread.sleep(periodMillis);
        TopSample now = TopSample.ask(client);
        List<TopRow> rows = TopRow.of(before, now, TopRow.Order.NAME, false);
        PrintWriter out = spec.commandLine().getOut();
        TopTable.head(now, rows).forEach(line -> out.println(line.toString()));
        out.println(TopTable.headings(TopRow.Order.NAME, 0).toString());
        rows.forEach(row -> out.println(TopTable.row(row, false).toString()));
        out.flush();
    }
}
