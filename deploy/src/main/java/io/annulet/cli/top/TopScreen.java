package io.annulet.cli.top;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp.Capability;
import org.jline.utils.NonBlockingReader;
import org.jspecify.annotations.Nullable;

/** The full-screen view: asks for a sample each period, and obeys keys in between; used by one thread. */
final class TopScreen {

    /** Where samples come from. */
    @FunctionalInterface
    interface Source {
        TopSample next() throws IOException;
    }

    private static final int ESCAPE = 27;
    private static final int CONTROL_C = 3;
    private static final long SEQUENCE_MILLIS = 50;
    private static final int LEAST_DETAILS = 6;

    private final Terminal terminal;
    private final Source source;
    private final Duration period;
    private final Display display;
    private @Nullable TopSample before;
    private @Nullable TopSample now;
    private TopRow.Order order = TopRow.Order.NAME;
    private boolean isReversed;
    private int chosen;
    private int first;
    private String problem = "";

    TopScreen(Terminal terminal, Source source, Duration period) {
        this.terminal = terminal;
        this.source = source;
        this.period = period;
        this.display = new Display(terminal, true);
    }

    /** Shows it until somebody quits, and leaves the terminal as it was. */
    void run(TopSample begin) throws IOException {
        now = begin;
        Attributes attributes = terminal.enterRawMode();
        terminal.puts(Capability.enter_ca_mode);
        terminal.puts(Capability.cursor_invisible);
        try {
            boolean goesOn = true;
            while (goesOn) {
                look();
                draw();
                goesOn = obeyUntil(System.nanoTime() + period.toNanos());
            }
        } finally {
            terminal.puts(Capability.cursor_visible);
            terminal.puts(Capability.exit_ca_mode);
            terminal.flush();
            terminal.setAttributes(attributes);
        }
    }

    private void look() {
        try {
            TopSample next = source.next();
            before = now == null ? next : now;
            now = next;
            problem = "";
        } catch (IOException | CommandFailure e) {
            problem = String.valueOf(e.getMessage());
        }
    }

    /** False if a key said to quit. */
    private boolean obeyUntil(long deadlineNanos) throws IOException {
        NonBlockingReader keys = terminal.reader();
        for (long left = deadlineNanos - System.nanoTime(); left > 0; left = deadlineNanos - System.nanoTime()) {
            int key = keys.read(Math.max(1, left / 1_000_000));
            if (key == 'q' || key == CONTROL_C || key == NonBlockingReader.EOF) {
                return false;
            }
            if (key != NonBlockingReader.READ_EXPIRED) {
                obey(key == ESCAPE ? sequence(keys) : key);
                draw();
            }
        }
        return true;
    }

    /** What an arrow means. */
    private static int sequence(NonBlockingReader keys) throws IOException {
        int second = keys.read(SEQUENCE_MILLIS);
        if (second != '[' && second != 'O') {
            return second;
        }
        return switch (keys.read(SEQUENCE_MILLIS)) {
            case 'A' -> 'k';
            case 'B' -> 'j';
            default -> 0;
        };
    }

    private void obey(int key) {
        TopRow.Order wanted = TopRow.Order.of(key);
        if (wanted != null) {
            order = wanted;
        } else if (key == 'r') {
            isReversed = !isReversed;
        } else if (key == 'j') {
            chosen++;
        } else if (key == 'k') {
            chosen--;
        }
    }

    private void draw() {
        Size size = terminal.getSize();
        int width = Math.max(20, size.getColumns());
        int height = Math.max(8, size.getRows());
        display.resize(Size.of(width, height));
        List<AttributedString> lines = lines(width, height);
        lines.replaceAll(line -> line.columnLength() > width ? line.columnSubSequence(0, width) : line);
        display.update(lines, -1);
    }

    private List<AttributedString> lines(int width, int height) {
        List<AttributedString> lines = new ArrayList<>();
        TopSample sample = now;
        TopSample earlier = before;
        if (sample != null && earlier != null) {
            List<TopRow> rows = TopRow.of(earlier, sample, order, isReversed);
            chosen = Math.clamp(chosen, 0, Math.max(0, rows.size() - 1));
            lines.addAll(TopTable.head(sample, rows));
            lines.add(TopTable.headings(order, width));
            int room = Math.max(1, height - lines.size() - 1);
            int shown = rows.size() + LEAST_DETAILS <= room ? rows.size() : Math.max(1, room - LEAST_DETAILS);
            shown = Math.min(shown, rows.size());
            first = Math.clamp(first, Math.max(0, chosen - shown + 1), chosen);
            for (int i = first; i < first + shown && i < rows.size(); i++) {
                lines.add(TopTable.row(rows.get(i), i == chosen));
            }
            if (!rows.isEmpty()) {
                lines.addAll(TopTable.details(rows.get(chosen).port()));
            }
        }
        if (!problem.isEmpty()) {
            lines.add(Math.min(2, lines.size()), TopTable.problem(problem));
        }
        while (lines.size() > height - 1) {
            lines.removeLast();
        }
        while (lines.size() < height - 1) {
            lines.add(AttributedString.EMPTY);
        }
        lines.add(TopTable.keys(width));
        return lines;
    }
}
