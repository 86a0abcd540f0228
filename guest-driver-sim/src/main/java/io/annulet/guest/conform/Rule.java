package io.annulet.guest.conform;

import java.util.regex.Pattern;

/**
 * One thing that a specification asks of a back-end, and how to find out whether it does it.
 *
 * @param id stays the same for ever, such as {@code VU-RING-03}; the middle part names the topic
 * @param binding whether a breach counts
 * @param document where it is written
 * @param section the title of the section there; titles stay where numbers move
 * @param expectation what the back-end does, as a sentence
 * @param needsTraffic whether frames must flow between two ports
 * @param check tries it; returns if the back-end does it, else throws a {@link Stop}
 */
public record Rule(
        String id,
        Binding binding,
        Document document,
        String section,
        String expectation,
        boolean needsTraffic,
        Check check) {

    private static final Pattern ID = Pattern.compile("V[A-Z]-[A-Z]+-\\d\\d");

    /** Tries a rule on a back-end. */
    @FunctionalInterface
    public interface Check {
        void run(Trial trial);
    }

    public Rule {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("rule id " + id);
        }
    }

    /** A rule that the messages alone can show. */
    static Rule must(String id, Document document, String section, String expectation, Check check) {
        return new Rule(id, Binding.MUST, document, section, expectation, false, check);
    }

    /** The same rule, tried with frames. */
    Rule withTraffic() {
        return new Rule(id, binding, document, section, expectation, true, check);
    }

    /** The same rule as a recommendation. */
    Rule advised() {
        return new Rule(id, Binding.SHOULD, document, section, expectation, needsTraffic, check);
    }

    /** The rules of one topic have this in common. */
    public String topic() {
        return id.substring(0, id.lastIndexOf('-'));
    }

    /** Where it is written, in full. */
    public String source() {
        return document.title() + ", \"" + section + "\"";
    }
}
