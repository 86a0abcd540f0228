package io.annulet.guest.conform;

/** A report for a terminal: a line for each rule, and what was seen below those that failed. */
public final class TableReport {

    private static final int ID_COLUMNS = 13;
    private static final int WORD_COLUMNS = 12;
    private static final String INDENT = " ".repeat(ID_COLUMNS + WORD_COLUMNS);

    private TableReport() {}

    /** The lines for one result. */
    public static String lines(RuleResult result) {
        StringBuilder text = new StringBuilder();
        text.append(padded(result.rule().id(), ID_COLUMNS))
                .append(padded(ConformanceReport.word(result), WORD_COLUMNS))
                .append(result.rule().expectation())
                .append('\n');
        if (result.verdict() == Verdict.FAIL) {
            text.append(INDENT)
                    .append("written in ")
                    .append(result.rule().source())
                    .append('\n');
            if (!result.expected().equals(result.rule().expectation())) {
                text.append(INDENT)
                        .append("expected ")
                        .append(result.expected())
                        .append('\n');
            }
            text.append(INDENT).append("seen: ").append(result.seen()).append('\n');
        } else if (!result.seen().isEmpty()) {
            text.append(INDENT).append(result.seen()).append('\n');
        }
        return text.toString();
    }

    private static String padded(String text, int columns) {
        return text + " ".repeat(Math.max(1, columns - text.length()));
    }
}
