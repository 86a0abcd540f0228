package io.annulet.backend.port;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The header of a pcap file, which tells how its records are to be read.
 *
 * <pre>
 *    0       4               6               8      12     16       20          24
 *    | magic | major version | minor version | zone | zero | snaplen | link type | record ...
 * </pre>
 *
 * <p>The magic number tells the byte order of whoever wrote the file, and whether fractions of a second are micro- or
 * nanoseconds. Format: draft-ietf-opsawg-pcap.
 *
 * @param nanosAFraction 1 or 1,000
 */
record PcapFile(ByteOrder byteOrder, int nanosAFraction) {

    static final int HEADER_BYTES = 24;

    /** What everyone keeps to, longer than any frame. */
    static final int SNAPSHOT_BYTES = 262_144;

    private static final int MAGIC_MICROS = 0xa1b2_c3d4;
    private static final int MAGIC_NANOS = 0xa1b2_3c4d;
    private static final int MAGIC_PCAPNG = 0x0a0d_0d0a;
    private static final short MAJOR_VERSION = 2;
    private static final short MINOR_VERSION = 4;
    private static final int LINK_TYPE_ETHERNET = 1;

    /** The upper bits of the link type tell of frame check sequences. */
    private static final int LINK_TYPE_MASK = 0xffff;

    /** The header of the files that we write. */
    static ByteBuffer header() {
        return ByteBuffer.allocate(HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MAGIC_NANOS)
                .putShort(MAJOR_VERSION)
                .putShort(MINOR_VERSION)
                .putInt(0)
                .putInt(0)
                .putInt(SNAPSHOT_BYTES)
                .putInt(LINK_TYPE_ETHERNET)
                .flip();
    }

    /**
     * Reads a header.
     *
     * @throws PortException if it is none, or not one of a file with Ethernet frames
     */
    static PcapFile parse(Path file, ByteBuffer header) {
        if (header.remaining() < HEADER_BYTES) {
            throw unreadable(file, "it ends within the file header", "name a pcap file");
        }
        PcapFile found = ofMagic(file, header.order(ByteOrder.LITTLE_ENDIAN).getInt(0));
        header.order(found.byteOrder);
        int version = header.getShort(4);
        if (version != MAJOR_VERSION) {
            throw unreadable(file, "its format has version " + version, "name a pcap file of version 2");
        }
        int linkType = header.getInt(20) & LINK_TYPE_MASK;
        if (linkType != LINK_TYPE_ETHERNET) {
            throw unreadable(file, "its link type is " + linkType, "name a file of Ethernet frames, link type 1");
        }
        return found;
    }

    private static PcapFile ofMagic(Path file, int magic) {
        return switch (magic) {
            case MAGIC_MICROS -> new PcapFile(ByteOrder.LITTLE_ENDIAN, 1000);
            case MAGIC_NANOS -> new PcapFile(ByteOrder.LITTLE_ENDIAN, 1);
            case 0xd4c3_b2a1 -> new PcapFile(ByteOrder.BIG_ENDIAN, 1000);
            case 0x4d3c_b2a1 -> new PcapFile(ByteOrder.BIG_ENDIAN, 1);
            case MAGIC_PCAPNG -> throw unreadable(file, "it is pcapng", "convert it with: editcap -F pcap IN OUT");
            default -> throw unreadable(file, "it is no pcap file", "name a file that tcpdump -w or the like wrote");
        };
    }

    private static PortException unreadable(Path file, String why, String remedy) {
        return new PortException("replay " + file, why, remedy);
    }

    /** Turns what the JDK says into words: its messages are often the bare path. */
    static String reason(IOException e) {
        String said = e instanceof FileSystemException refused ? refused.getReason() : e.getMessage();
        return switch (e) {
            case NoSuchFileException missing -> "no such file or folder";
            case AccessDeniedException denied -> "permission denied";
            default -> said == null ? e.toString() : said;
        };
    }
}
