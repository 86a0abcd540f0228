package io.annulet.guest.conform;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a run found out about one back-end.
 *
 * @param name what the back-end is called
 * @param results one for each rule, in the order in which they were tried
 */
public record ConformanceReport(String name, List<RuleResult> results) {

    public ConformanceReport {
        results = List.copyOf(results);
    }

    public long count(Verdict verdict) {
        return results.stream().filter(result -> result.verdict() == verdict).count();
    }

    /** Whether the back-end keeps every binding rule that could be tried. */
    public boolean conforms() {
        return results.stream().noneMatch(RuleResult::isFailure) && count(Verdict.NOT_RUN) == 0;
    }

    /** Recommendations that the back-end does not follow. */
    public long notFollowed() {
        return results.stream()
                .filter(result -> result.verdict() == Verdict.FAIL && !result.isFailure())
                .count();
    }

    /** One line, such as "140 rules: 135 pass, 2 fail, 1 recommendation not followed, 2 not offered". */
    public String summary() {
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("pass", count(Verdict.PASS));
        parts.put("fail", count(Verdict.FAIL) - notFollowed());
        parts.put(notFollowed() == 1 ? "recommendation not followed" : "recommendations not followed", notFollowed());
        parts.put("not offered", count(Verdict.NOT_OFFERED));
        parts.put("skipped", count(Verdict.SKIPPED));
        parts.put("not run", count(Verdict.NOT_RUN));
        StringBuilder line = new StringBuilder(results.size() + (results.size() == 1 ? " rule:" : " rules:"));
        String separator = " ";
        for (Map.Entry<String, Long> part : parts.entrySet()) {
            if (part.getValue() > 0 || part.getKey().equals("fail")) {
                line.append(separator).append(part.getValue()).append(' ').append(part.getKey());
                separator = ", ";
            }
        }
        return line.toString();
    }

    /** The word for a result; a recommendation that is not followed has its own. */
    public static String word(RuleResult result) {
        boolean advice = result.verdict() == Verdict.FAIL && !result.isFailure();
        return advice ? "advised" : result.verdict().word();
    }
}
