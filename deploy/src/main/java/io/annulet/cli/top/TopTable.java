package io.annulet.cli.top;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/** Lays out what {@code annulet top} shows, for a terminal of some size; stateless. */
final class TopTable {

    private static final AttributedStyle PLAIN = AttributedStyle.DEFAULT;
    private static final AttributedStyle BOLD = PLAIN.bold();
    private static final AttributedStyle HEADING = PLAIN.inverse();
    private static final AttributedStyle BAD =
            PLAIN.foreground(AttributedStyle.RED).bold();
    private static final AttributedStyle QUIET = PLAIN.faint();

    private static final int PORT_WIDTH = 11;
    private static final int MOST_NAME = 10;

    private TopTable() {}

    /** Three lines: the back-end, sums, and nothing. */
    static List<AttributedString> head(TopSample now, List<TopRow> rows) {
        Duration up = Duration.between(now.began(), now.taken());
        double dropped = rows.stream().mapToDouble(TopRow::drops).sum();
        AttributedStringBuilder sums = new AttributedStringBuilder();
        sums.append("delivered ")
                .append(TopRow.shortly(sum(rows, true)) + "bit/s", BOLD)
                .append(", ")
                .append(TopRow.shortly(sum(rows, false)) + " frames/s", BOLD)
                .append("; dropped ")
                .append(TopRow.shortly(dropped) + "/s", dropped > 0 ? BAD : BOLD);
        return List.of(
                new AttributedStringBuilder()
                        .append("annulet", BOLD)
                        .append(String.format(
                                Locale.ROOT,
                                " %s, process %d, up %d:%02d:%02d, %d worker%s, %d of %d front-ends",
                                now.version(),
                                now.process(),
                                up.toHours(),
                                up.toMinutesPart(),
                                up.toSecondsPart(),
                                now.workers(),
                                now.workers() == 1 ? "" : "s",
                                now.attached(),
                                now.guests()))
                        .toAttributedString(),
                sums.toAttributedString(),
                AttributedString.EMPTY);
    }

    private static double sum(List<TopRow> rows, boolean bits) {
        return rows.stream()
                .mapToDouble(bits ? TopRow::outBits : TopRow::outFrames)
                .sum();
    }

    /** The headings; that of the order is marked. */
    static AttributedString headings(TopRow.Order order, int width) {
        String text = line("PORT", "IN/s", "bit/s", "OUT/s", "bit/s", "DROP/s", "CALL/s", "BATCH", "RX%", "TX%");
        int at = text.indexOf(order.heading());
        AttributedStringBuilder line = new AttributedStringBuilder();
        line.append(text.substring(0, at), HEADING)
                .append(order.heading(), HEADING.bold().underline())
                .append(text.substring(at + order.heading().length()), HEADING);
        line.append(" ".repeat(Math.max(0, width - text.length())), HEADING);
        return line.toAttributedString();
    }

    static AttributedString row(TopRow row, boolean isChosen) {
        Boolean attached = row.port().attached();
        boolean isWaiting = attached != null && !attached;
        String text = line(
                (isChosen ? ">" : " ") + clipped(row.port().name()),
                TopRow.shortly(row.inFrames()),
                TopRow.shortly(row.inBits()),
                TopRow.shortly(row.outFrames()),
                TopRow.shortly(row.outBits()),
                TopRow.shortly(row.drops()),
                TopRow.shortly(row.calls()),
                TopRow.shortly(row.batch()),
                TopRow.percent(row.receive()),
                TopRow.percent(row.transmit()));
        return new AttributedString(text, row.drops() > 0 ? BAD : isWaiting ? QUIET : isChosen ? BOLD : PLAIN);
    }

    private static String clipped(String name) {
        return name.length() <= MOST_NAME ? name : name.substring(0, MOST_NAME - 1) + "+";
    }

    private static String line(String name, String... numbers) {
        int[] widths = {7, 7, 7, 7, 8, 8, 7, 6, 5};
        StringBuilder text = new StringBuilder(name).append(" ".repeat(Math.max(0, PORT_WIDTH - name.length())));
        for (int i = 0; i < numbers.length; i++) {
            text.append(" ".repeat(Math.max(1, widths[i] - numbers[i].length())))
                    .append(numbers[i]);
        }
        return text.toString();
    }

    /** More of one port: its rings, why frames of it were dropped, and sizes of bursts. */
    static List<AttributedString> details(TopSample.Port port) {
        List<AttributedString> lines = new ArrayList<>();
        lines.add(AttributedString.EMPTY);
        Boolean attached = port.attached();
        String state = attached == null ? "open" : attached ? "attached" : "waiting for a front-end";
        lines.add(new AttributedStringBuilder()
                .append(port.name(), BOLD)
                .append("  " + port.kind() + ", " + state)
                .toAttributedString());
        for (TopSample.Ring ring : port.rings()) {
            lines.add(new AttributedString(String.format(
                    Locale.ROOT,
                    "  %d %-8s %-8s %4s of %d available, %d borrowed, %s frames, %s drops",
                    ring.index(),
                    ring.queue(),
                    ring.state().replace("started ", ""),
                    ring.available() < 0 ? "-" : Long.toString(ring.available()),
                    ring.size(),
                    ring.borrowed(),
                    TopRow.shortly((double) ring.frames()),
                    TopRow.shortly((double) ring.drops()))));
        }
        add(lines, "dropped in", port, "in.dropped.");
        add(lines, "dropped out", port, "out.dropped.");
        add(lines, "bursts of", port, "in.batches.");
        add(lines, "calls", port, "calls.");
        return lines;
    }

    private static void add(List<AttributedString> lines, String title, TopSample.Port port, String beginning) {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Long> counter : port.counters().entrySet()) {
            if (counter.getKey().startsWith(beginning) && counter.getValue() != 0) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(counter.getKey().substring(beginning.length()))
                        .append(": ")
                        .append(counter.getValue());
            }
        }
        if (!text.isEmpty()) {
            lines.add(new AttributedString("  " + title + " " + text));
        }
    }

    /** The last line. */
    static AttributedString keys(int width) {
        StringBuilder text = new StringBuilder("q quit  sort by");
        for (TopRow.Order order : TopRow.Order.values()) {
            text.append(' ').append(order.key()).append(':').append(order.heading());
        }
        text.append("  r reverse");
        text.append(" ".repeat(Math.max(0, width - text.length())));
        return new AttributedString(text, HEADING);
    }

    static AttributedString problem(String text) {
        return new AttributedString(text, BAD);
    }
}
