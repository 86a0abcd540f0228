package io.annulet.cli.sim;

import io.annulet.guest.traffic.Rate;
import io.annulet.guest.traffic.SearchOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options of a search for the throughput. */
final class SearchChoice {

    /** How long a trial lasts unless --duration tells. */
    static final String TRIAL_DURATION = "1s";

    @Option(
            names = "--search",
            description = "Search for the highest rate that holds; each trial lasts --duration (default: 1s).")
    private boolean wanted;

    @Option(
            names = "--loss",
            paramLabel = "SHARES",
            description = "With --search: what may be lost, a search for each (default: 0,0.5%%).")
    private String loss = "0,0.5%";

    @Option(
            names = "--precision",
            paramLabel = "SHARE",
            description = "With --search: how far apart the bounds may be (default: 1%%).")
    private String precision = "1%";

    @Option(
            names = "--repeat",
            paramLabel = "N",
            description = "With --search: so many trials at a rate, the majority decides (default: 3).")
    private int repeat = SearchOptions.DEFAULTS.repeat();

    @Option(
            names = "--max-rate",
            paramLabel = "RATE",
            description = "With --search: the highest rate to try (default: what can be sent).")
    private String maxRate = "max";

    boolean isWanted() {
        return wanted;
    }

    /** @throws IllegalArgumentException if the options do not fit each other; the message says how */
    SearchOptions options(double meanByteLength) {
        return SearchOptions.DEFAULTS
                .withLossRatios(Amounts.shares(loss))
                .withPrecision(Amounts.share(precision))
                .withRepeat(repeat)
                .withMaxFramesPerSecond(Rate.parse(maxRate).inFrames(meanByteLength));
    }

    /** What was made of the options, as a report gives it back. */
    static Map<String, Object> report(SearchOptions options) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("loss_ratios", options.lossRatios());
        report.put("precision", options.precision());
        report.put("repeat", options.repeat());
        report.put("max_frames_per_second", options.maxFramesPerSecond() == 0 ? null : options.maxFramesPerSecond());
        return report;
    }
}
