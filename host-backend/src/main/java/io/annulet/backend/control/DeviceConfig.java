package io.annulet.backend.control;

import java.util.HexFormat;

/**
 * What a device's configuration space says that only its owner can know.
 *
 * @param mac address of the guest, six bytes in memory order in the low 48 bits; 0 if the guest chooses one
 * @param speedMegabits a second, of the link; {@link #UNKNOWN_SPEED} if nothing is said of it
 */
public record DeviceConfig(long mac, int speedMegabits) {

    public static final int UNKNOWN_SPEED = -1;

    public static final DeviceConfig UNSAID = new DeviceConfig(0, UNKNOWN_SPEED);

    private static final int MAC_BYTES = 6;
    private static final long GROUP = 1;

    public DeviceConfig {
        if ((mac & GROUP) != 0) {
            throw new IllegalArgumentException("mac=" + text(mac) + ": it is the address of a group");
        }
        if (speedMegabits < UNKNOWN_SPEED) {
            throw new IllegalArgumentException("speed=" + speedMegabits + ": megabits a second, 0 or more");
        }
    }

    /**
     * Reads what options say.
     *
     * @param mac as people write it, empty for none
     */
    public static DeviceConfig of(String mac, int speedMegabits) {
        return new DeviceConfig(mac.isEmpty() ? 0 : parse(mac), speedMegabits);
    }

    private static long parse(String text) {
        if (!text.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}") || text.matches("00(:00){5}")) {
            throw new IllegalArgumentException("mac=" + text + ": write an address such as 52:54:00:00:00:01");
        }
        long mac = 0;
        byte[] bytes = HexFormat.ofDelimiter(":").parseHex(text);
        for (int i = 0; i < MAC_BYTES; i++) {
            mac |= (bytes[i] & 0xffL) << (8 * i);
        }
        return mac;
    }

    private static String text(long mac) {
        byte[] bytes = new byte[MAC_BYTES];
        for (int i = 0; i < MAC_BYTES; i++) {
            bytes[i] = (byte) (mac >>> (8 * i));
        }
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }

    /** As the options of a port say it, each with a comma before it. */
    @Override
    public String toString() {
        return (mac == 0 ? "" : ",mac=" + text(mac)) + (speedMegabits < 0 ? "" : ",speed=" + speedMegabits);
    }
}
