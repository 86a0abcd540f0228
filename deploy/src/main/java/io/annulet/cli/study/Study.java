package io.annulet.cli.study;

import io.annulet.cli.study.report.Page;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One question, the sweep that answers it, and the report that says the answer. */
public interface Study {

    /** The word on the command line. */
    String name();

    /** Columns of the CSV file, behind the round. */
    List<String> parameters();

    List<String> metrics();

    List<Point> points();

    /** How often each point is timed; the median counts. */
    int rounds();

    /** How often this point is timed: those whose noise matters more than their time are timed more often than others. */
    default int rounds(Point point) {
        return rounds();
    }

    /** Gets ready to measure. */
    Bench open();

    /** What is said of the results, with an earlier run laid over it if there is one; also the summary for {@code --json}. */
    Map<String, Object> report(Results results, @Nullable Results earlier, Page page);

    /** Where points are measured; owned by the thread that runs the sweep. */
    interface Bench extends AutoCloseable {

        /**
         * Measures one point.
         *
         * @param counting the round that warms up, and in which what disturbs the clock may be counted: its values are
         *     those counts and nothing else
         * @throws StudyFailure if what is measured hangs, lies or dies
         */
        Map<String, Double> measure(Point point, boolean counting) throws InterruptedException;

        /** What could not be measured here and why, for the report. */
        default List<String> remarks() {
            return List.of();
        }

        @Override
        void close();
    }
}
