package io.annulet.backend.capture;

import io.annulet.backend.capture.FrameFilter.Term;
import io.annulet.backend.policy.IpPrefix;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads a filter, word by word; used by one thread, once. */
final class FilterParser {

    private static final int MOST_CHARACTERS = 2000;
    private static final int MOST_NESTING = 32;
    private static final Pattern WORD = Pattern.compile("\\s*(\\(|\\)|&&|\\|\\||!|[^\\s()!&|]+)");
    private static final Set<String> KINDS = Set.of("host", "net", "port", "portrange", "proto");
    private static final Set<String> PROTOCOLS =
            Set.of("ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp");
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long GROUP = 1L << 40;

    /** Which end of a frame a value is about. */
    private enum End {
        SOURCE,
        DESTINATION,
        EITHER,
        BOTH
    }

    private final List<String> words;
    private int next;
    private int nesting;

    // What the last value was said to be: a bare one after it is the same.
    private @Nullable String lastProtocol;
    private End lastEnd = End.EITHER;
    private String lastKind = "";

    FilterParser(String text) {
        if (text.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException("a filter of " + text.length() + " characters: write it shorter");
        }
        Matcher matcher = WORD.matcher(text);
        Stream.Builder<String> found = Stream.builder();
        int end = 0;
        while (matcher.find() && matcher.start() == end) {
            found.add(matcher.group(1));
            end = matcher.end();
        }
        if (!text.substring(end).isBlank()) {
            throw new IllegalArgumentException(
                    "filter '" + text + "': '" + text.substring(end).strip() + "' is no word");
        }
        words = found.build().toList();
    }

    Term parse() {
        Term term = any();
        if (next < words.size()) {
            throw refused("'" + words.get(next) + "' is one too many");
        }
        return term;
    }

    /** From left to right: {@code and} and {@code or} bind alike in this language. */
    private Term any() {
        Term term = one();
        while (true) {
            if (takeOneOf("and", "&&")) {
                term = term.and(one());
            } else if (takeOneOf("or", "||")) {
                term = term.or(one());
            } else {
                return term;
            }
        }
    }

    private Term one() {
        if (++nesting > MOST_NESTING) {
            throw refused("it is nested too deep");
        }
        try {
            if (takeOneOf("not", "!")) {
                return one().not();
            }
            if (takeOneOf("(")) {
                Term inner = any();
                if (!takeOneOf(")")) {
                    throw refused("a ) is missing");
                }
                return inner;
            }
            return primitive();
        } finally {
            nesting--;
        }
    }

    private Term primitive() {
        String word = peek();
        next++;
        return switch (word) {
            case "vlan" -> isNumber(peek()) ? vlan(number(4095)) : FrameFields::isTagged;
            case "broadcast" -> isBroadcast();
            case "multicast" -> isGroup();
            case "less" -> {
                int most = number(1 << 20);
                yield fields -> fields.frameByteLength() <= most;
            }
            case "greater" -> {
                int least = number(1 << 20);
                yield fields -> fields.frameByteLength() >= least;
            }
            default -> {
                next--;
                yield qualified();
            }
        };
    }

    private static Term isBroadcast() {
        return fields -> fields.mac(false) == BROADCAST;
    }

    private static Term isGroup() {
        return fields -> fields.mac(false) >= 0 && (fields.mac(false) & GROUP) != 0;
    }

    private static Term vlan(int vlan) {
        return fields -> fields.hasVlan(vlan);
    }

    /** {@code [protocol] [src|dst] [kind] value}, or less of it. */
    private Term qualified() {
        int begin = next;
        String protocol = PROTOCOLS.contains(peek()) ? take() : null;
        if (protocol != null && takeOneOf("broadcast")) {
            return is(protocol).and(isBroadcast());
        }
        if (protocol != null && takeOneOf("multicast")) {
            return is(protocol).and(isGroup());
        }
        End end = end();
        String kind = KINDS.contains(peek()) ? take() : "";
        if (end == null && kind.isEmpty() && protocol != null) {
            if (protocol.equals("ether")) {
                throw refused("behind ether comes host, src, dst or proto");
            }
            return is(protocol);
        }
        if (next == begin) {
            if (lastKind.isEmpty() || !looksLikeValue(peek())) {
                throw refused(
                        peek().isEmpty()
                                ? "something is missing at its end"
                                : "'" + peek() + "' means nothing here; there are "
                                        + String.join(", ", FrameFilter.WORDS));
            }
        } else {
            lastProtocol = protocol;
            lastEnd = end == null ? End.EITHER : end;
            lastKind = kind.isEmpty() ? "host" : kind;
        }
        Term value = value(lastProtocol, lastKind, lastEnd);
        String of = lastProtocol;
        return of == null || of.equals("ether") ? value : is(of).and(value);
    }

    private @Nullable End end() {
        if (!peek().equals("src") && !peek().equals("dst")) {
            return null;
        }
        String first = take();
        String joint = peek();
        if ((joint.equals("or") || joint.equals("and"))
                && next + 1 < words.size()
                && (words.get(next + 1).equals("dst") || words.get(next + 1).equals("src"))
                && !words.get(next + 1).equals(first)) {
            next += 2;
            return joint.equals("or") ? End.EITHER : End.BOTH;
        }
        return first.equals("src") ? End.SOURCE : End.DESTINATION;
    }

    private static boolean looksLikeValue(String word) {
        return word.matches("[0-9a-fA-F.:/-]+");
    }

    private static Term is(String protocol) {
        Integer etherType = FrameFields.etherType(protocol);
        Integer number = FrameFields.protocol(protocol);
        if (etherType != null) {
            int wanted = etherType;
            return fields -> fields.etherType() == wanted;
        }
        if (number != null) {
            int wanted = number;
            return fields -> fields.protocol() == wanted;
        }
        return fields -> true;
    }

    private Term value(@Nullable String protocol, String kind, End end) {
        boolean isEther = "ether".equals(protocol);
        return switch (kind) {
            case "port" -> {
                int port = number(65_535);
                yield ports(end, port, port);
            }
            case "portrange" -> {
                String[] ends = take().split("-", -1);
                if (ends.length != 2 || !isNumber(ends[0]) || !isNumber(ends[1])) {
                    throw refused("behind portrange comes FIRST-LAST");
                }
                yield ports(end, number(ends[0], 65_535), number(ends[1], 65_535));
            }
            case "proto" -> protocolNumber(isEther);
            default -> isEther ? macs(end, take()) : addresses(end, take());
        };
    }

    private Term protocolNumber(boolean isEther) {
        String word = take();
        Integer named = isEther ? FrameFields.etherType(word) : FrameFields.protocol(word);
        int wanted = named != null ? named : word.startsWith("0x") ? hexadecimal(word) : number(word, 65_535);
        return isEther ? fields -> fields.etherType() == wanted : fields -> fields.protocol() == wanted;
    }

    private int hexadecimal(String word) {
        if (!word.matches("0x[0-9a-fA-F]{1,4}")) {
            throw refused("'" + word + "' is no number");
        }
        return Integer.parseInt(word.substring(2), 16);
    }

    private static Term ports(End end, int first, int last) {
        return at(end, source -> fields -> {
            int port = fields.port(source);
            return port >= first && port <= last;
        });
    }

    private Term macs(End end, String text) {
        if (!text.matches("[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}")) {
            throw refused("'" + text + "' is no MAC address");
        }
        long mac = 0;
        for (String part : text.split(":", -1)) {
            mac = mac << 8 | Integer.parseInt(part, 16);
        }
        long wanted = mac;
        return at(end, source -> fields -> fields.mac(source) == wanted);
    }

    private Term addresses(End end, String text) {
        IpPrefix addresses;
        try {
            addresses = IpPrefix.parse(text);
        } catch (IllegalArgumentException e) {
            throw refused("'" + text + "' is no IP address or network; names are not looked up");
        }
        return at(end, source -> fields -> fields.isOf(addresses, source));
    }

    /** A condition for one end or both of them. */
    private interface OfEnd {
        Term of(boolean source);
    }

    private static Term at(End end, OfEnd condition) {
        return switch (end) {
            case SOURCE -> condition.of(true);
            case DESTINATION -> condition.of(false);
            case EITHER -> condition.of(true).or(condition.of(false));
            case BOTH -> condition.of(true).and(condition.of(false));
        };
    }

    private int number(int most) {
        return number(take(), most);
    }

    private int number(String word, int most) {
        if (!isNumber(word) || Integer.parseInt(word) > most) {
            throw refused("'" + word + "' is no number up to " + most);
        }
        return Integer.parseInt(word);
    }

    private static boolean isNumber(String word) {
        return word.matches("[0-9]{1,8}");
    }

    private String peek() {
        return next < words.size() ? words.get(next) : "";
    }

    private String take() {
        if (next == words.size()) {
            throw refused("something is missing at its end");
        }
        return words.get(next++);
    }

    private boolean takeOneOf(String... wanted) {
        boolean is = List.of(wanted).contains(peek());
        next += is ? 1 : 0;
        return is;
    }

    private IllegalArgumentException refused(String why) {
        return new IllegalArgumentException("filter '" + String.join(" ", words) + "': " + why);
    }
}
