package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

final class OptionFileTest {

    @TempDir
    private Path directory;

    private final StringWriter err = new StringWriter();
    private final Probe probe = new Probe();

    @Command(name = "probe")
    private static final class Probe implements Callable<Integer> {
        @SuppressWarnings("unused")
        @Option(names = "--config", preprocessor = OptionFile.class)
        private @Nullable Path config;

        @Option(names = "--port")
        private List<String> ports = List.of();

        @Option(names = "--poll")
        private String poll = "";

        @Option(names = "--watch")
        private boolean watch;

        @Override
        public Integer call() {
            return 0;
        }
    }

    @Test
    void linesStandInThePlaceOfTheOption() throws IOException {
        Path file = write(
                "# two guests", "", "--port a=vhost-user:/run/a b.sock", "  --port=b=tap:t0,mtu=1500  ", "--watch");
        assertEquals(0, execute("--port", "x", "--config", file.toString(), "--poll", "sleep"));
        assertEquals(List.of("x", "a=vhost-user:/run/a b.sock", "b=tap:t0,mtu=1500"), probe.ports);
        assertEquals("sleep", probe.poll);
        assertTrue(probe.watch);
    }

    @Test
    void theNameMayFollowAnEqualsSign() throws IOException {
        assertEquals(0, execute("--config=" + write("--poll busy")));
        assertEquals("busy", probe.poll);
    }

    @Test
    void severalFilesFollowEachOther() throws IOException {
        Path file = write("--port a=loopback");
        assertEquals(0, execute("--config", file.toString(), "--config", file.toString()));
        assertEquals(List.of("a=loopback", "a=loopback"), probe.ports);
    }

    @Test
    void aLineThatIsNoOptionIsNamedWithItsNumber() throws IOException {
        Path file = write("--poll busy", "port a=loopback");
        assertEquals(2, execute("--config", file.toString()));
        assertEquals(
                "probe: " + file + ":2: 'port' cannot stand here: begin the line with an option; see: probe --help\n",
                err.toString());
    }

    @Test
    void aFileDoesNotNameAnother() throws IOException {
        assertEquals(2, execute("--config", write("--config other").toString()));
        assertTrue(err.toString().contains("'--config' cannot stand here"), err::toString);
    }

    @Test
    void aFileThatCannotBeReadIsOneLine() {
        assertEquals(2, execute("--config", directory.resolve("none").toString()));
        assertTrue(err.toString().contains("none cannot be read: does not exist"), err::toString);
        assertEquals(2, execute("--config", directory.toString()));
        assertEquals(2, execute("--config"));
        assertEquals(3, err.toString().lines().count(), err::toString);
    }

    @Test
    void bytesThatAreNoTextAreOneLine() throws IOException {
        Path file = Files.write(directory.resolve("bytes"), new byte[] {(byte) 0xff, (byte) 0xfe});
        assertEquals(2, execute("--config", file.toString()));
        assertTrue(err.toString().contains("is no text in UTF-8"), err::toString);
    }

    private Path write(String... lines) throws IOException {
        return Files.write(directory.resolve("options"), List.of(lines));
    }

    private int execute(String... arguments) {
        return new CommandLine(probe)
                .setErr(new PrintWriter(err))
                .setParameterExceptionHandler(Errors::explainUsage)
                .execute(arguments);
    }
}
