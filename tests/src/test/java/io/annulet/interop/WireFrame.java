package io.annulet.interop;

/** A frame as it was on a {@link Wire}: what a NIC had to complete in it, checked with arithmetic of its own. */
final class WireFrame {

    private static final int ETHERNET = 14;
    private static final int TCP = 6;

    private final byte[] bytes;

    WireFrame(byte[] bytes) {
        this.bytes = bytes;
    }

    int byteLength() {
        return bytes.length;
    }

    private int u8(int at) {
        return bytes[at] & 0xff;
    }

    private int u16(int at) {
        return u8(at) << 8 | u8(at + 1);
    }

    boolean isTcpOverIpv4() {
        return bytes.length >= ETHERNET + 40 && u16(12) == 0x0800 && u8(ETHERNET + 9) == TCP;
    }

    private int ipHeader() {
        return 4 * (u8(ETHERNET) & 0xf);
    }

    int payloadBytes() {
        int tcp = ETHERNET + ipHeader();
        return ETHERNET + u16(ETHERNET + 2) - tcp - 4 * (u8(tcp + 12) >> 4);
    }

    /** What is wrong with the frame; empty if nothing is. */
    String problem() {
        int ip = u16(ETHERNET + 2);
        int header = ipHeader();
        if (ip != bytes.length - ETHERNET) {
            return "an IP length of " + ip + " in a frame of " + bytes.length;
        }
        if (fold(sum(ETHERNET, header)) != 0xffff) {
            return "a wrong IP checksum";
        }
        long pseudo = sum(ETHERNET + 12, 8) + TCP + (ip - header);
        return fold(pseudo + sum(ETHERNET + header, ip - header)) == 0xffff ? "" : "a wrong TCP checksum";
    }

    private long sum(int from, int byteLength) {
        long sum = 0;
        for (int i = 0; i < byteLength; i++) {
            sum += (i & 1) == 0 ? (long) u8(from + i) << 8 : u8(from + i);
        }
        return sum;
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }
}
