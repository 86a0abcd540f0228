package io.annulet.cli.top;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What one port did between two samples: changes a second, frames a burst, and how full its rings are; immutable. */
record TopRow(
        TopSample.Port port,
        double inFrames,
        double inBits,
        double outFrames,
        double outBits,
        double drops,
        double calls,
        double batch,
        double receive,
        double transmit) {

    private static final double BITS = 8;

    /** By which rows are sorted: the key that chooses it, and its heading. */
    enum Order {
        NAME('n', "PORT"),
        IN('i', "IN/s"),
        OUT('o', "OUT/s"),
        DROPS('d', "DROP/s"),
        CALLS('c', "CALL/s"),
        BATCH('b', "BATCH"),
        FILL('f', "RX%");

        private final char key;
        private final String heading;

        Order(char key, String heading) {
            this.key = key;
            this.heading = heading;
        }

        /** What is most first, but names as in a list, and the emptiest receive rings. */
        private Comparator<TopRow> comparator() {
            return switch (this) {
                case NAME -> Comparator.comparing(row -> row.port.name());
                case IN -> Comparator.comparingDouble(TopRow::inBits).reversed();
                case OUT -> Comparator.comparingDouble(TopRow::outBits).reversed();
                case DROPS -> Comparator.comparingDouble(TopRow::drops).reversed();
                case CALLS -> Comparator.comparingDouble(TopRow::calls).reversed();
                case BATCH -> Comparator.comparingDouble(TopRow::batch).reversed();
                case FILL -> Comparator.comparingDouble(TopRow::receive);
            };
        }

        /** Null if the key chooses none. */
        static @Nullable Order of(int key) {
            for (Order order : values()) {
                if (order.key == key) {
                    return order;
                }
            }
            return null;
        }

        String heading() {
            return heading;
        }

        char key() {
            return key;
        }
    }

    /** All ports, in an order; those that are alike by their names. */
    static List<TopRow> of(TopSample before, TopSample now, Order order, boolean isReversed) {
        Comparator<TopRow> comparator = isReversed ? order.comparator().reversed() : order.comparator();
        return now.ports().stream()
                .map(port -> of(before.port(port.name()), port, now.secondsSince(before)))
                .sorted(comparator.thenComparing(row -> row.port.name()))
                .toList();
    }

    private static TopRow of(TopSample.@Nullable Port before, TopSample.Port now, double seconds) {
        TopSample.Port from = before == null ? now : before;
        double frames = now.counter("in.frames") - from.counter("in.frames");
        double bursts = now.sum("in.batches.") - from.sum("in.batches.");
        return new TopRow(
                now,
                frames / seconds,
                BITS * (now.counter("in.bytes") - from.counter("in.bytes")) / seconds,
                (now.counter("out.frames") - from.counter("out.frames")) / seconds,
                BITS * (now.counter("out.bytes") - from.counter("out.bytes")) / seconds,
                (dropped(now) - dropped(from)) / seconds,
                (now.counter("calls.sent") - from.counter("calls.sent")) / seconds,
                bursts > 0 ? frames / bursts : 0,
                now.occupancy("receive"),
                now.occupancy("transmit"));
    }

    private static double dropped(TopSample.Port port) {
        return port.sum("in.dropped.") + port.sum("out.dropped.");
    }

    /** A number in at most five places, such as 12.7k. */
    static String shortly(double number) {
        String units = " kMGTP";
        int unit = 0;
        double left = Math.max(0, number);
        while (left >= 999.5 && unit < units.length() - 1) {
            left /= 1000;
            unit++;
        }
        if (unit == 0) {
            return left > 0 && left < 10 && left % 1 != 0 ? text("%.1f", left) : text("%.0f", left);
        }
        return text(left < 9.995 ? "%.2f" : left < 99.95 ? "%.1f" : "%.0f", left) + units.charAt(unit);
    }

    /** A share in whole percent, - for none. */
    static String percent(double share) {
        return share < 0 ? "-" : text("%.0f", share * 100);
    }

    private static String text(String format, double number) {
        return String.format(Locale.ROOT, format, number);
    }
}
