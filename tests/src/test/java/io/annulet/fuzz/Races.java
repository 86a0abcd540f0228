package io.annulet.fuzz;

import java.util.function.Consumer;

/** All races, one field after the other; stateless. */
final class Races {

    private Races() {}

    /** Runs every race; the first claim that does not hold ends it as an error. */
    static void run(long flipsEach, long looksEach, Consumer<Race.Result> report) {
        RingRaces split = new RingRaces(false);
        for (Race.Field field : split.fields()) {
            report.accept(Race.run(field, split, flipsEach, looksEach));
        }
        RingRaces packed = new RingRaces(true);
        for (Race.Field field : packed.fields()) {
            report.accept(Race.run(field, packed, flipsEach, looksEach));
        }
        HeaderRaces headers = new HeaderRaces();
        for (Race.Field field : headers.fields()) {
            report.accept(Race.run(field, headers, flipsEach, looksEach));
        }
    }
}
