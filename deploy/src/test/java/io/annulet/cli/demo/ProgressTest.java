package io.annulet.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class ProgressTest {
    private static final String SECONDS = " +\\d\\.\\d s  ";

    private final StringWriter written = new StringWriter();

    private Progress progress(boolean isTerminal) {
        return new Progress(new PrintWriter(written), isTerminal);
    }

    @Test
    void stepIsALineWithItsTimeAndWhatCameOfIt() {
        try (Progress progress = progress(false)) {
            progress.headline("title");
            assertEquals(7, progress.step("count", () -> {
                progress.note("up to seven");
                return 7;
            }));
        }
        assertMatches("title\n\n  ok  " + SECONDS + "count: up to seven\n");
    }

    @Test
    void headlineIsFirstAlthoughStepsWereDoneBefore() {
        try (Progress progress = progress(false)) {
            progress.step("early", () -> {});
            assertEquals("", written.toString());
            progress.headline("title");
        }
        assertMatches("title\n\n  ok  " + SECONDS + "early\n");
    }

    @Test
    void failedStepSaysSoAndNamesItself() {
        try (Progress progress = progress(false)) {
            progress.headline("title");
            IllegalStateException reason = new IllegalStateException("no");
            StepFailure failure = assertThrows(
                    StepFailure.class,
                    () -> progress.step("fragile", () -> {
                        throw reason;
                    }));
            assertEquals("fragile", failure.step());
            assertEquals(reason, failure.reason());
        }
        assertMatches("title\n\n  FAIL" + SECONDS + "fragile\n");
    }

    @Test
    void onATerminalTheLineIsThereWhileTheStepRunsAndIsPaintedOver() {
        try (Progress progress = progress(true)) {
            progress.headline("title");
            progress.step("work", () -> assertTrue(written.toString().endsWith("work\033[?7h"), written::toString));
        }
        String last = written.toString().substring(written.toString().lastIndexOf("\r\033[K  ok"));
        assertTrue(last.matches("(?s)\r\033\\[K  ok  " + SECONDS + "work\n.*"), last);
    }

    @Test
    void silencedOneShowsNothingMore() {
        try (Progress progress = progress(false)) {
            progress.headline("title");
            progress.silence();
            progress.step("unseen", () -> {});
        }
        assertEquals("title\n\n", written.toString());
    }

    private void assertMatches(String pattern) {
        assertTrue(Pattern.matches(pattern, written.toString()), written::toString);
    }
}
