package io.annulet.backend.capture;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which frames are wanted, in the language of tcpdump as far as it asks for addresses, ports, protocols, VLANs and lengths;
 * immutable, used by any thread. Language: pcap-filter(7).
 *
 * <p>Two things differ: VLAN tags are looked through, so that {@code tcp} means tagged frames too, and so are the extension
 * headers of IPv6.
 */
public final class FrameFilter {

    /** Every frame. */
    public static final FrameFilter ALL = new FrameFilter("", fields -> true);

    /** One condition. Allocates nothing. */
    @FunctionalInterface
    interface Term {
        boolean test(FrameFields fields);

        default Term and(Term other) {
            return fields -> test(fields) && other.test(fields);
        }

        default Term or(Term other) {
            return fields -> test(fields) || other.test(fields);
        }

        default Term not() {
            return fields -> !test(fields);
        }
    }

    private final String text;
    private final Term term;

    private FrameFilter(String text, Term term) {
        this.text = text;
        this.term = term;
    }

    /**
     * Reads an expression; an empty one means all frames.
     *
     * @throws IllegalArgumentException with one line that says what to write instead
     */
    public static FrameFilter parse(@Nullable String text) {
        String stripped = text == null ? "" : text.strip();
        return stripped.isEmpty() ? ALL : new FrameFilter(stripped, new FilterParser(stripped).parse());
    }

    /** Words that an expression may have, for messages. */
    static final List<String> WORDS = List.of(
            "host",
            "net",
            "port",
            "portrange",
            "ether",
            "ip",
            "ip6",
            "arp",
            "tcp",
            "udp",
            "icmp",
            "icmp6",
            "vlan",
            "broadcast",
            "multicast",
            "less",
            "greater",
            "src",
            "dst",
            "and",
            "or",
            "not");

    public boolean isAll() {
        return text.isEmpty();
    }

    boolean matches(FrameFields fields) {
        return term.test(fields);
    }

    @Override
    public String toString() {
        return text;
    }
}
