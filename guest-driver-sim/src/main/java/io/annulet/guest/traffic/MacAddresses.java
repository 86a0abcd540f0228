package io.annulet.guest.traffic;

import java.util.Locale;

/** The MAC addresses of simulated guests, stateless: locally administered, the guest in the middle, a number behind. */
final class MacAddresses {

    static final long BROADCAST = 0xffff_ffff_ffffL;

    /** The number that stands for all guests: frames to it are broadcasts. */
    static final int EVERYBODY = -1;

    private static final long PREFIX = 0x02_a1_00_00_00_00L;
    private static final int STATION_SHIFT = 16;
    private static final long NUMBER_MASK = 0xffff;

    private MacAddresses() {}

    /** The address {@code number} of a guest, the first byte in bits 40 to 47. */
    static long of(int station, int number) {
        return station == EVERYBODY ? BROADCAST : PREFIX | (long) (station + 1) << STATION_SHIFT | number;
    }

    /** Whether an address is one of a guest's. */
    static boolean isOf(int station, long mac) {
        return (mac & ~NUMBER_MASK) == of(station, 0);
    }

    static String format(long mac) {
        StringBuilder text = new StringBuilder();
        for (int shift = 40; shift >= 0; shift -= 8) {
            text.append(String.format(Locale.ROOT, shift == 0 ? "%02x" : "%02x:", mac >>> shift & 0xff));
        }
        return text.toString();
    }
}
