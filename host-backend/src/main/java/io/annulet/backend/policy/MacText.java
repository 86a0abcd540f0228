package io.annulet.backend.policy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** MAC addresses as people write them; six bytes in memory order in the low 48 bits. */
public final class MacText {

    private static final int BYTES = 6;

    private MacText() {}

    /**
     * Reads addresses of groups with + between them, or "none".
     *
     * @throws IllegalArgumentException if one is something else
     */
    public static List<Long> groups(String text) {
        return text.equals("none")
                ? List.of()
                : Arrays.stream(text.split("\\+", -1)).map(MacText::group).toList();
    }

    private static long group(String text) {
        if (!text.matches("[0-9a-fA-F][13579bdfBDF](:[0-9a-fA-F]{2}){5}")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no MAC address of a group; write all, none, or some such as 33:33:00:00:00:01");
        }
        return parse(text);
    }

    /** Null if it is no address. */
    public static @Nullable Long read(String text) {
        return text.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}") ? parse(text) : null;
    }

    static long parse(String text) {
        return Long.reverseBytes(Long.parseLong(text.replace(":", ""), 16)) >>> 16;
    }

    public static String of(long address) {
        return IntStream.range(0, BYTES)
                .mapToObj(i -> String.format("%02x", address >>> (8 * i) & 0xff))
                .collect(Collectors.joining(":"));
    }

    /** All of them with + between, or "none". */
    public static String of(List<Long> addresses) {
        return addresses.isEmpty()
                ? "none"
                : addresses.stream().map(MacText::of).collect(Collectors.joining("+"));
    }
}
