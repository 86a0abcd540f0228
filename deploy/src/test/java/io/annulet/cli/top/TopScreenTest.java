package io.annulet.cli.top;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jline.utils.ScreenTerminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code annulet top} paints on a terminal of 80 columns and 24 lines, and which keys it obeys. */
@Timeout(120)
final class TopScreenTest {

    private static final int COLUMNS = 80;
    private static final int ROWS = 24;
    private static final long PATIENCE_SECONDS = 60;
    private static final Duration PERIOD = Duration.ofMillis(100);
    private static final Instant BEGAN = Instant.ofEpochSecond(1_000);

    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicBoolean isGone = new AtomicBoolean();

    private static TopSample.Port port(String name, long frames, long drops) {
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("in.frames", frames);
        counters.put("in.bytes", 100 * frames);
        counters.put("in.batches.4", frames / 4);
        counters.put("in.dropped.vlan", drops);
        counters.put("calls.sent", frames / 8);
        return new TopSample.Port(
                name,
                "vhost-user",
                !name.equals("idle"),
                counters,
                List.of(
                        new TopSample.Ring(0, "receive", "started enabled", 256, 64, 192, 10, 0),
                        new TopSample.Ring(1, "transmit", "started enabled", 256, 0, 0, frames, drops)));
    }

    /** A second later each time. */
    private static TopSample sample(int number, List<TopSample.Port> ports) {
        return new TopSample("1.2", 77, BEGAN, BEGAN.plusSeconds(100 + number), 1, 2, 3, ports);
    }

    private TopSample next() {
        if (isGone.get()) {
            throw new CommandFailure("no back-end serves its API", "start it");
        }
        int number = asked.incrementAndGet();
        return sample(
                number,
                List.of(port("web", 8_000L * number, 0), port("db", 100L * number, 5L * number), port("idle", 0, 0)));
    }

    private static String text(ScreenTerminal screen) {
        long[] cells = new long[COLUMNS * ROWS];
        screen.dump(cells, new int[2]);
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < ROWS; row++) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < COLUMNS; column++) {
                int character = ScreenTerminal.cellCodePoint(cells[row * COLUMNS + column]);
                line.appendCodePoint(character == 0 ? ' ' : character);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private static String await(ScreenTerminal screen, Predicate<String> wanted) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        String text = text(screen);
        while (!wanted.test(text)) {
            assertTrue(System.nanoTime() - deadlineNanos < 0, "never showed it, but\n" + text);
            Thread.sleep(20);
            text = text(screen);
        }
        return text;
    }

    private static void type(ScreenTerminal.VirtualTerminal virtual, String keys) throws IOException {
        virtual.terminal().processInputBytes(keys.getBytes(StandardCharsets.US_ASCII));
    }

    private static boolean isBefore(String text, String one, String other) {
        return text.indexOf(one) >= 0 && text.indexOf(one) < text.indexOf(other);
    }

    @Test
    void showsRatesSortsByKeysTellsMoreOfTheChosenPortAndQuits() throws IOException, InterruptedException {
        ScreenTerminal.VirtualTerminal virtual = ScreenTerminal.withTerminal("top", "xterm-256color", COLUMNS, ROWS);
        ScreenTerminal screen = virtual.screen();
        TopScreen top = new TopScreen(virtual.terminal(), this::next, PERIOD);
        Thread thread = Thread.ofPlatform().daemon().start(() -> {
            try {
                top.run(next());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        String text = await(screen, shown -> shown.contains("8.00k"));
        assertTrue(text.startsWith("annulet 1.2, process 77, up 0:01:4"), text);
        assertTrue(text.contains("2 of 3 front-ends"), text);
        assertTrue(text.matches("(?s).* web +8\\.00k +6\\.40M +0 +0 +0 +1\\.00k +4 +25 +0\n.*"), text);
        assertTrue(isBefore(text, ">db ", " web "), text);
        assertTrue(text.contains("dropped in vlan: "), text);
        assertTrue(text.contains("q quit  sort by n:PORT"), text);
        type(virtual, "i");
        await(screen, shown -> isBefore(shown, ">web ", " db "));
        type(virtual, "r");
        await(screen, shown -> isBefore(shown, ">idle ", " web "));
        type(virtual, "n");
        type(virtual, "\033[A");
        text = await(screen, shown -> isBefore(shown, ">web ", " db "));
        assertTrue(text.contains("0 receive  enabled    64 of 256 available, 192 borrowed, 10 frames, 0 drops"), text);
        isGone.set(true);
        await(screen, shown -> shown.contains("no back-end serves its API") && shown.contains("8.00k"));
        type(virtual, "q");
        thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        assertFalse(thread.isAlive());
        virtual.terminal().close();
    }

    @Test
    void manyPortsAreScrolledToTheChosenOne() throws IOException, InterruptedException {
        ScreenTerminal.VirtualTerminal virtual = ScreenTerminal.withTerminal("top", "xterm-256color", COLUMNS, ROWS);
        List<TopSample.Port> ports =
                IntStream.range(10, 60).mapToObj(i -> port("p" + i, i, 0)).toList();
        TopScreen top = new TopScreen(virtual.terminal(), () -> sample(asked.incrementAndGet(), ports), PERIOD);
        Thread thread = Thread.ofPlatform().daemon().start(() -> {
            try {
                top.run(sample(0, ports));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        await(virtual.screen(), shown -> shown.contains(">p10 ") && shown.contains("1 transmit"));
        type(virtual, "j".repeat(40));
        await(virtual.screen(), shown -> shown.contains(">p50 ") && !shown.contains("p10 "));
        type(virtual, "\003");
        thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        assertFalse(thread.isAlive());
        virtual.terminal().close();
    }

    @Test
    void numbersAreShort() {
        assertEquals("0", TopRow.shortly(0));
        assertEquals("0.5", TopRow.shortly(0.5));
        assertEquals("999", TopRow.shortly(999));
        assertEquals("1.00k", TopRow.shortly(999.6));
        assertEquals("12.3k", TopRow.shortly(12_345));
        assertEquals("10.0M", TopRow.shortly(9_999_000));
        assertEquals("123G", TopRow.shortly(123_400_000_000L));
        assertEquals("-", TopRow.percent(-1));
    }
}
