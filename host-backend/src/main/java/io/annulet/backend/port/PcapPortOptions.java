package io.annulet.backend.port;

import java.nio.file.Path;

/**
 * Which pcap file a port writes or reads, and how.
 *
 * @param pace of a file that is read; one that is written has none
 */
public record PcapPortOptions(Path file, Direction direction, Pace pace) {

    /** Which way frames go between port and file. */
    public enum Direction {
        /** Every frame sent to the port is written to the file, in place of what was in it. */
        WRITE,
        /** The frames in the file enter through the port, once. */
        READ
    }

    /** How fast frames of a file enter. */
    public enum Pace {
        /** With the gaps between them that the file has. */
        RECORDED,
        /** As fast as the worker takes them. */
        FAST
    }

    public PcapPortOptions {
        if (file.toString().isEmpty()) {
            throw new IllegalArgumentException("no file: name one, as in pcap:/tmp/frames.pcap");
        }
    }

    public static PcapPortOptions write(Path file) {
        return new PcapPortOptions(file, Direction.WRITE, Pace.RECORDED);
    }

    /** With the gaps between the frames that the file has: most of a burst is dropped where it finds no room. */
    public static PcapPortOptions read(Path file) {
        return new PcapPortOptions(file, Direction.READ, Pace.RECORDED);
    }
}
