package io.annulet.cli.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Results as a table that documents can quote, and as JSON; stateless. */
final class BenchTable {

    private BenchTable() {}

    /** What the figures depend on, and the head of the table, in the form that Markdown has for one. */
    static List<String> head(Map<String, Object> machine) {
        List<String> lines = new ArrayList<>();
        machine.forEach((name, value) -> lines.add("* " + name + ": " + value));
        lines.add("");
        lines.add(row("figure", "value", "floor", "goal", "verdict", "detail"));
        lines.add("|---|---|---|---|---|---|");
        return lines;
    }

    static String row(Figure figure) {
        Target target = figure.target();
        String detail = figure.fault() == null ? figure.detail() : "WRONG: " + figure.fault();
        return row(
                target.title(),
                number(figure.value()),
                limit(target, target.floor()),
                limit(target, target.goal()),
                figure.verdict().toString(),
                detail.replace('|', '/'));
    }

    private static String row(String... cells) {
        return String.format(Locale.ROOT, "| %-30s | %9s | %7s | %7s | %-12s | %s |", (Object[]) cells);
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.3f", value);
    }

    private static String limit(Target target, double value) {
        String sign = target.isMoreBetter() ? ">= " : "<= ";
        return sign + (value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value));
    }

    /** All of it as {@link io.annulet.cli.Json} writes it. */
    static Map<String, Object> report(Map<String, Object> machine, List<Figure> figures) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("machine", machine);
        report.put("figures", figures.stream().map(BenchTable::report).toList());
        report.put("ok", Figure.status(figures) == Figure.ALL_MET);
        return report;
    }

    private static Map<String, @Nullable Object> report(Figure figure) {
        Map<String, @Nullable Object> report = new LinkedHashMap<>();
        report.put("figure", figure.target().name().toLowerCase(Locale.ROOT));
        report.put("title", figure.target().title());
        report.put("value", figure.value());
        report.put("floor", figure.target().floor());
        report.put("goal", figure.target().goal());
        report.put("more_is_better", figure.target().isMoreBetter());
        report.put("verdict", figure.verdict().toString());
        report.put("detail", figure.detail());
        report.put("fault", figure.fault());
        return report;
    }
}
