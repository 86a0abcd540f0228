package io.annulet.backend.api;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Addresses as people write them, such as 52:54:00:12:34:56; stateless. */
final class MacText {

    private static final HexFormat FORM = HexFormat.ofDelimiter(":");
    private static final int BYTES = 6;

    private MacText() {}

    /** Of six bytes in memory order in the low 48 bits. */
    static String of(long inMemoryOrder) {
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            bytes[i] = (byte) (inMemoryOrder >>> (8 * i));
        }
        return FORM.formatHex(bytes);
    }

    /** Null if it is none. */
    static @Nullable Long read(String text) {
        try {
            byte[] bytes = FORM.parseHex(text);
            long mac = 0;
            for (int i = 0; i < bytes.length; i++) {
                mac |= (bytes[i] & 0xffL) << (8 * i);
            }
            return bytes.length == BYTES ? mac : null;
        } catch (IllegalArgumentException notHexadecimal) {
            return null;
        }
    }
}
