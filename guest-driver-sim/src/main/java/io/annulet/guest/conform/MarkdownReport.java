package io.annulet.guest.conform;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Reports on several back-ends, tried on the same rules, side by side in Markdown. */
public final class MarkdownReport {

    private MarkdownReport() {}

    public static String write(List<ConformanceReport> reports) {
        StringBuilder text = new StringBuilder();
        appendSummary(text, reports);
        appendMatrix(text, reports);
        reports.forEach(report -> appendDetails(text, report));
        return text.toString();
    }

    private static void appendSummary(StringBuilder text, List<ConformanceReport> reports) {
        text.append("| back-end | result |\n|---|---|\n");
        for (ConformanceReport report : reports) {
            text.append("| ")
                    .append(escaped(report.name()))
                    .append(" | ")
                    .append(report.summary())
                    .append(" |\n");
        }
        text.append('\n');
    }

    private static void appendMatrix(StringBuilder text, List<ConformanceReport> reports) {
        List<Map<String, RuleResult>> columns = new ArrayList<>();
        text.append("| rule | the back-end | written in |");
        for (ConformanceReport report : reports) {
            text.append(' ').append(escaped(report.name())).append(" |");
            columns.add(report.results().stream()
                    .collect(Collectors.toMap(result -> result.rule().id(), Function.identity())));
        }
        text.append("\n|---|---|---|").append("---|".repeat(reports.size())).append('\n');
        for (RuleResult row : reports.getFirst().results()) {
            Rule rule = row.rule();
            text.append("| ").append(rule.id()).append(" | ").append(escaped(rule.expectation()));
            text.append(rule.binding() == Binding.SHOULD ? " (advised)" : "");
            text.append(" | ").append(escaped(rule.source())).append(" |");
            for (Map<String, RuleResult> column : columns) {
                RuleResult result = column.get(rule.id());
                text.append(' ')
                        .append(result == null ? "" : bold(ConformanceReport.word(result)))
                        .append(" |");
            }
            text.append('\n');
        }
    }

    private static String bold(String word) {
        return word.equals(Verdict.FAIL.word()) ? "**" + word + "**" : word;
    }

    private static void appendDetails(StringBuilder text, ConformanceReport report) {
        List<RuleResult> failed = report.results().stream()
                .filter(result -> result.verdict() == Verdict.FAIL)
                .toList();
        if (failed.isEmpty()) {
            return;
        }
        text.append("\nWhat was seen with ").append(escaped(report.name())).append(":\n\n");
        for (RuleResult result : failed) {
            text.append("* ")
                    .append(result.rule().id())
                    .append(": expected ")
                    .append(escaped(result.expected()))
                    .append("; seen: ")
                    .append(escaped(result.seen()))
                    .append('\n');
        }
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\")
                .replace("|", "\\|")
                .replace("<", "&lt;")
                .replace("*", "\\*");
    }
}
