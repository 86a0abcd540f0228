package io.annulet.fuzz;

import io.annulet.vhostuser.VirtioFeature;
import java.util.BitSet;

/**
 * What becomes of the commands of a control queue, by the words of VIRTIO 1.4, "Network Device, Control Virtqueue", and of
 * our own bounds: which are done, and what the device is like after. Owned by the thread of its target.
 */
final class CommandModel {

    private static final int MOST_ADDRESSES = 512;
    private static final int MOST_MICROS = 1_000_000;
    private static final int MOST_KEY_BYTES = 40;
    private static final long HASH_TYPES = 0x3f;

    private final int pairs;
    private long features;
    private byte[] command = {};
    long mac;
    final BitSet vlans = new BitSet();
    int queuePairs;
    long guestOffloads;
    int unicast;
    int groups;

    CommandModel(int pairs) {
        this.pairs = pairs;
    }

    void restart(long acknowledged, long offloads) {
        features = acknowledged;
        mac = 0;
        vlans.clear();
        queuePairs = 1;
        guestOffloads = acknowledged & offloads;
        unicast = 0;
        groups = 0;
    }

    private boolean has(long feature) {
        return (features & feature) != 0;
    }

    private int length() {
        return command.length - 2;
    }

    private long number(int at, int byteLength) {
        long value = 0;
        for (int i = 0; i < byteLength; i++) {
            value |= (command[2 + at + i] & 0xffL) << (8 * i);
        }
        return value;
    }

    /** Whether a command is done, and not refused. */
    boolean serve(byte[] bytes, long offloads) {
        command = bytes;
        int kind = bytes[1] & 0xff;
        return switch (bytes[0] & 0xff) {
            case 0 ->
                kind <= 5
                        && has(kind < 2 ? VirtioFeature.NET_CTRL_RX : VirtioFeature.NET_CTRL_RX_EXTRA)
                        && length() == 1
                        && number(0, 1) <= 1;
            case 1 -> kind == 0 ? addresses() : kind == 1 && address();
            case 2 -> kind <= 1 && vlan(kind == 0);
            case 3 -> kind == 0 && has(VirtioFeature.NET_GUEST_ANNOUNCE) && length() == 0;
            case 4 -> kind == 0 ? pairs() : kind == 1 ? steering() : kind == 2 && hash();
            case 5 -> kind == 0 && offloads(offloads);
            case 6 -> calls(kind);
            case 8 -> statistics(kind);
            default -> false;
        };
    }

    private boolean addresses() {
        if (!has(VirtioFeature.NET_CTRL_RX)) {
            return false;
        }
        int[] counts = new int[2];
        int at = 0;
        for (int table = 0; table < 2; table++) {
            if (length() - at < 4) {
                return false;
            }
            long count = number(at, 4);
            at += 4;
            if (6 * count > length() - at) {
                return false;
            }
            counts[table] = (int) count;
            at += 6 * (int) count;
        }
        if (at != length()) {
            return false;
        }
        at = 4;
        for (int i = 0; i < counts[0] + counts[1]; i++) {
            at += i == counts[0] ? 4 : 0;
            if ((number(at, 1) & 1) != (i < counts[0] ? 0 : 1)) {
                return false;
            }
            at += 6;
        }
        unicast = counts[0] > MOST_ADDRESSES ? 0 : counts[0];
        groups = counts[1] > MOST_ADDRESSES ? 0 : counts[1];
        return true;
    }

    private boolean address() {
        if (!has(VirtioFeature.NET_CTRL_MAC_ADDR) || length() != 6 || number(0, 6) == 0 || (number(0, 1) & 1) != 0) {
            return false;
        }
        mac = number(0, 6);
        return true;
    }

    private boolean vlan(boolean in) {
        if (!has(VirtioFeature.NET_CTRL_VLAN) || length() != 2 || number(0, 2) > 4094) {
            return false;
        }
        vlans.set((int) number(0, 2), in);
        return true;
    }

    private boolean pairs() {
        if (!has(VirtioFeature.NET_MQ) || length() != 2 || number(0, 2) < 1 || number(0, 2) > pairs) {
            return false;
        }
        queuePairs = (int) number(0, 2);
        return true;
    }

    /** Types, mask, pair for the others; the table; last queue to send on; key. */
    private boolean steering() {
        if (!has(VirtioFeature.NET_RSS) || length() < 8 || (number(0, 4) & ~HASH_TYPES) != 0) {
            return false;
        }
        long entries = number(4, 2) + 1;
        boolean isTable = entries == 1 || entries == 2 || entries == 4 || entries == 8 || entries == 16;
        isTable |= entries == 32 || entries == 64 || entries == 128;
        if (!isTable || number(6, 2) >= pairs || length() < 8 + 2 * entries + 2) {
            return false;
        }
        for (int i = 0; i < entries; i++) {
            if (number(8 + 2 * i, 2) >= pairs) {
                return false;
            }
        }
        long last = number(8 + 2 * (int) entries, 2);
        return last >= 1 && last <= pairs && key(8 + 2 * (int) entries + 2);
    }

    private boolean key(int at) {
        if (length() < at + 1) {
            return false;
        }
        long bytes = number(at, 1);
        return bytes <= MOST_KEY_BYTES && (bytes > 0 || number(0, 4) == 0) && length() == at + 1 + bytes;
    }

    private boolean hash() {
        return has(VirtioFeature.NET_HASH_REPORT) && length() >= 4 && (number(0, 4) & ~HASH_TYPES) == 0 && key(12);
    }

    private boolean offloads(long known) {
        if (!has(VirtioFeature.NET_CTRL_GUEST_OFFLOADS) || length() != 8 || (number(0, 8) & ~(features & known)) != 0) {
            return false;
        }
        guestOffloads = number(0, 8);
        return true;
    }

    private boolean calls(int kind) {
        return switch (kind) {
            case 0, 1 -> has(VirtioFeature.NET_NOTF_COAL) && length() == 8 && number(4, 4) <= MOST_MICROS;
            case 2 ->
                has(VirtioFeature.NET_VQ_NOTF_COAL)
                        && length() == 12
                        && number(0, 2) < 2L * pairs
                        && number(8, 4) <= MOST_MICROS;
            case 3 -> has(VirtioFeature.NET_VQ_NOTF_COAL) && length() >= 2 && number(0, 2) < 2L * pairs;
            default -> false;
        };
    }

    private boolean statistics(int kind) {
        if (!has(VirtioFeature.NET_DEVICE_STATS) || kind > 1) {
            return false;
        }
        if (kind == 0) {
            return length() == 0;
        }
        if (length() == 0 || length() % 16 != 0 || length() / 16 > 2 * pairs + 1) {
            return false;
        }
        int control = has(VirtioFeature.NET_MQ | VirtioFeature.NET_RSS) ? 2 * pairs : 2;
        for (int at = 0; at < length(); at += 16) {
            int queue = (int) number(at, 2);
            long wanted = number(at + 8, 8);
            long kinds = queue == control ? 1L << 32 : queue >= 2 * pairs ? 0 : queue % 2 == 0 ? 1 : 1 << 16;
            if (wanted == 0 || wanted != kinds) {
                return false;
            }
        }
        return true;
    }

    /** How many bytes an answer has, ack included, of a command that was done. */
    static int answerBytes(byte[] command, int controlQueue) {
        int kind = (command[0] & 0xff) << 8 | (command[1] & 0xff);
        if (kind == 0x0603) {
            return 1 + 12;
        }
        if (kind == 0x0800) {
            return 1 + 8;
        }
        if (kind != 0x0801) {
            return 1;
        }
        int bytes = 1;
        for (int at = 2; at < command.length; at += 16) {
            int queue = (command[at] & 0xff) | (command[at + 1] & 0xff) << 8;
            bytes += 8 + 8 * (queue == controlQueue ? 2 : 6);
        }
        return bytes;
    }
}
