package io.annulet.guest.conform;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * A report as JUnit XML, which build servers show: a test case for each rule. A recommendation that is not followed is
 * skipped there, as is what could not be tried.
 */
public final class JUnitReport {

    private JUnitReport() {}

    public static String write(ConformanceReport report) {
        StringBuilder text = new StringBuilder();
        long failures = report.results().stream().filter(RuleResult::isFailure).count();
        long skipped = report.results().stream()
                .filter(result -> result.verdict() != Verdict.PASS && !result.isFailure())
                .count();
        long nanos = report.results().stream().mapToLong(RuleResult::nanos).sum();
        text.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        text.append("<testsuite")
                .append(attribute("name", "vhost-user conformance of " + report.name()))
                .append(attribute("tests", String.valueOf(report.results().size())))
                .append(attribute("failures", String.valueOf(failures)))
                .append(attribute("errors", "0"))
                .append(attribute("skipped", String.valueOf(skipped)))
                .append(attribute("time", seconds(nanos)))
                .append(">\n");
        report.results().forEach(result -> append(text, result));
        return text.append("</testsuite>\n").toString();
    }

    private static void append(StringBuilder text, RuleResult result) {
        Rule rule = result.rule();
        text.append("  <testcase")
                .append(attribute("classname", rule.topic()))
                .append(attribute("name", rule.id() + ": " + rule.expectation()))
                .append(attribute("time", seconds(result.nanos())));
        if (result.verdict() == Verdict.PASS) {
            text.append("/>\n");
            return;
        }
        String message = result.verdict() == Verdict.FAIL
                ? "expected " + result.expected() + "; seen: " + result.seen() + "; written in " + rule.source()
                : ConformanceReport.word(result) + ": " + result.seen();
        text.append(">\n    <")
                .append(result.isFailure() ? "failure" : "skipped")
                .append(attribute("message", message))
                .append("/>\n  </testcase>\n");
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.3f", (double) nanos / TimeUnit.SECONDS.toNanos(1));
    }

    private static String attribute(String name, String value) {
        StringBuilder text = new StringBuilder(" ").append(name).append("=\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '<' -> text.append("&lt;");
                case '>' -> text.append("&gt;");
                case '&' -> text.append("&amp;");
                case '"' -> text.append("&quot;");
                // XML 1.0 has no other control characters, and half of a pair is no character.
                default -> text.append(c < ' ' || Character.isSurrogate(c) ? ' ' : c);
            }
        }
        return text.append('"').toString();
    }
}
