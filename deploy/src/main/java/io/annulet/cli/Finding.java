package io.annulet.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code annulet doctor} found out about one thing.
 *
 * @param subject the thing
 * @param verdict how it is
 * @param detail what was seen
 * @param remedy the command, or the step, that mends it; empty if nothing has to be mended
 * @param neededToRun whether {@code annulet run} cannot do without it
 */
record Finding(String subject, Verdict verdict, String detail, String remedy, boolean neededToRun) {

    /** How a thing is, in a word. */
    enum Verdict {
        OK,
        LIMITED,
        MISSING;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Finding ok(String subject, String detail) {
        return new Finding(subject, Verdict.OK, detail, "", false);
    }

    static Finding limited(String subject, String detail, String remedy) {
        return new Finding(subject, Verdict.LIMITED, detail, remedy, false);
    }

    static Finding missing(String subject, String detail, String remedy) {
        return new Finding(subject, Verdict.MISSING, detail, remedy, false);
    }

    /** The same, of a thing without which nothing runs. */
    Finding needed() {
        return new Finding(subject, verdict, detail, remedy, true);
    }

    boolean preventsRunning() {
        return neededToRun && verdict == Verdict.MISSING;
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("subject", subject);
        map.put("verdict", verdict.word());
        map.put("detail", detail);
        map.put("remedy", remedy);
        map.put("neededToRun", neededToRun);
        return map;
    }
}
