package io.annulet.cli.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.study.batching.BatchingStudy;
import io.annulet.cli.study.copy.CopyStudy;
import io.annulet.cli.study.report.Page;
import io.annulet.cli.study.syscalls.SyscallStudy;
import io.annulet.cli.study.umem.UmemStudy;
import io.annulet.guest.peer.BackEndOptions;
import io.annulet.guest.peer.Fault;
import io.annulet.guest.peer.ReferenceBackEnd;
import io.annulet.linux.Capability;
import io.annulet.linux.Privileges;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.linux.XdpSocket;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Each study, run quickly, ends and writes what it promises. What it measures then is of no account. */
@Tag("slow")
@Timeout(value = 6, unit = TimeUnit.MINUTES)
final class StudiesTest {

    private static final int MOST_BYTES = 300_000;
    private static final int AFTER_FRAMES = 20;

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Command
    private static final class Nothing {}

    private void run(Study study) throws IOException, InterruptedException {
        CommandLine streams =
                new CommandLine(new Nothing()).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        assertEquals(0, new StudyRun(study, folder, 1, true, streams).run(false, null, true));
    }

    private void assertFigures(String... names) throws IOException {
        String html = Files.readString(folder.resolve("report.html"));
        assertTrue(html.length() < MOST_BYTES, "the report has " + html.length() + " characters");
        for (String name : names) {
            assertTrue(html.contains("<figure id=\"" + name + "\">"), "no figure " + name);
            assertTrue(Files.size(folder.resolve(name + ".svg")) > 0);
            assertTrue(Files.size(folder.resolve(name + ".png")) > 0);
        }
    }

    @Test
    void batching() throws Exception {
        run(new BatchingStudy(true, null));
        assertFigures("law-rings-transmit", "law-rings-receive", "law-back-end", "notifications", "cpu");
        assertFigures("throughput-rings-transmit-64", "throughput-back-end-receive-64", "frontier-back-end-transmit");
        assertTrue(out.toString().contains("\"laws\":[{\"stand\":\"rings\""), out::toString);
    }

    @Test
    void copy() throws Exception {
        run(new CopyStudy(true));
        assertFigures("user", "rings", "null", "pages");
        assertTrue(out.toString().contains("\"user warm\":{\"bytesPerNano\":"), out::toString);
    }

    @Test
    void syscalls() throws Exception {
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "a tap needs CAP_NET_ADMIN");
        assumeTrue(Privileges.has(Capability.CAP_SYS_ADMIN), "a network namespace needs CAP_SYS_ADMIN");
        run(new SyscallStudy(true));
        assertFigures("send-64", "send-1514", "receive-64", "receive-1514", "calls");
    }

    @Test
    void umem() throws Exception {
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "a cable needs CAP_NET_ADMIN");
        assumeTrue(Privileges.has(Capability.CAP_SYS_ADMIN), "a network namespace needs CAP_SYS_ADMIN");
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        run(new UmemStudy(true));
        assertFigures("rate-2000", "rate-8000", "pinned");
        // Not that a rate was found: where others use the processor, each short trial may run dry.
        assertTrue(out.toString().contains("\"complete\":true"), out::toString);
    }

    /** It accepts a front-end and never says a word; the run ends with a line and a report. */
    @Test
    void anotherBackEndThatHangsEndsTheRunWithALine() throws Exception {
        Path socket = folder.resolve("mute.sock");
        try (UnixListener mute = UnixListener.listen(socket, 8, SocketAccess.ofMode(0600))) {
            assertTrue(mute.fd().isOpen());
            Study hanging = new OnlyStand(new BatchingStudy(true, socket), "other");
            CommandFailure failure = assertThrows(CommandFailure.class, () -> run(hanging));
            assertTrue(String.valueOf(failure.getMessage()).contains("the back-end: "), failure::getMessage);
            assertTrue(Files.exists(folder.resolve("report.html")));
        }
    }

    /** It gives a buffer back that it was never offered, hangs, or goes away, in the middle of the sweep. */
    @ParameterizedTest
    @EnumSource(names = {"RETURNS_UNKNOWN_BUFFERS", "HANGS", "CLOSES", "STOPS_TAKING"})
    void anotherBackEndThatIsWrongEndsTheRunWithALine(Fault fault) throws Exception {
        Path socket = folder.resolve("wrong.sock");
        BackEndOptions options = BackEndOptions.DEFAULTS.withFault(fault, AFTER_FRAMES);
        try (ReferenceBackEnd _ = ReferenceBackEnd.listen(List.of(socket), options)) {
            Study study = new OnlyStand(new BatchingStudy(true, socket), "other");
            CommandFailure failure = assertThrows(CommandFailure.class, () -> run(study));
            assertTrue(String.valueOf(failure.getMessage()).startsWith("the sweep ended after "), failure::getMessage);
            assertTrue(Files.exists(folder.resolve("report.html")));
        }
    }

    @Test
    void anotherBackEndThatIsRightIsMeasured() throws Exception {
        Path socket = folder.resolve("right.sock");
        try (ReferenceBackEnd _ = ReferenceBackEnd.listen(List.of(socket), BackEndOptions.DEFAULTS)) {
            run(new OnlyStand(new BatchingStudy(true, socket), "other"));
            assertTrue(out.toString().contains("\"complete\":true"), out::toString);
        }
    }

    /** And one that is not there at all. */
    @Test
    void anotherBackEndThatIsDeadEndsTheRunWithALine() {
        Study dead = new OnlyStand(new BatchingStudy(true, folder.resolve("none.sock")), "other");
        CommandFailure failure = assertThrows(CommandFailure.class, () -> run(dead));
        assertTrue(String.valueOf(failure.getMessage()).contains("no back-end at "), failure::getMessage);
    }

    /** A study cut down to one stand. */
    private record OnlyStand(Study whole, String stand) implements Study {

        @Override
        public String name() {
            return whole.name();
        }

        @Override
        public List<String> parameters() {
            return whole.parameters();
        }

        @Override
        public List<String> metrics() {
            return whole.metrics();
        }

        @Override
        public List<Point> points() {
            Stream<Point> points = whole.points().stream().filter(point -> point.has("stand", stand));
            return points.toList();
        }

        @Override
        public int rounds() {
            return whole.rounds();
        }

        @Override
        public Bench open() {
            return whole.open();
        }

        @Override
        public Map<String, Object> report(Results results, @Nullable Results earlier, Page page) {
            return whole.report(results, earlier, page);
        }
    }
}
