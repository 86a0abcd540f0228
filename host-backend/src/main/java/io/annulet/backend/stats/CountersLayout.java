package io.annulet.backend.stats;

import org.agrona.concurrent.status.CountersReader;

/**
 * The bytes of a counters file, little-endian like every machine that Annulet runs on. The two parts behind the header
 * are Agrona's, so that its tools read them.
 *
 * <pre>
 *   0                   8         12        16                  24
 *   +---------+---------+---------+---------+---------+---------+---------+---------+
 *   | magic "annulet\n" | version | state   | process id        | its start, ticks  |
 *   +---------+---------+---------+---------+---------+---------+---------+---------+
 *   | pid namespace     | began, epoch millis | metadata length | values length     |
 *   +---------+---------+---------+---------+---------+---------+---------+---------+
 *   32                  40                  48        52        56         (to 128: zero)
 *
 *   128                        128 + metadata length           128 + metadata length + values length
 *   +--------------------------+-------------------------------+
 *   | metadata, 512 a counter  | values, 128 a counter         |
 *   +--------------------------+-------------------------------+
 * </pre>
 *
 * <p>The state is written last when a file is made, so a reader that finds {@link #RUNNING} finds the rest.
 */
final class CountersLayout {

    /** "annulet" and a line feed, as one little-endian word. */
    static final long MAGIC = 0x0a74_656c_756e_6e61L;

    static final int VERSION = 1;

    /** The file is being made. */
    static final int STARTING = 0;

    static final int RUNNING = 1;

    /** The back-end closed its counters; they change no more. */
    static final int ENDED = 2;

    static final int MAGIC_OFFSET = 0;
    static final int VERSION_OFFSET = 8;
    static final int STATE_OFFSET = 12;
    static final int PID_OFFSET = 16;
    static final int PROCESS_START_OFFSET = 24;
    static final int PID_NAMESPACE_OFFSET = 32;
    static final int BEGAN_OFFSET = 40;
    static final int METADATA_LENGTH_OFFSET = 48;
    static final int VALUES_LENGTH_OFFSET = 52;
    static final int HEADER_BYTES = 128;

    /** A limit of our own to what a file may ask a reader to map. */
    static final int MAX_COUNTERS = 1 << 20;

    private CountersLayout() {}

    static int metadataByteLength(int counters) {
        return counters * CountersReader.METADATA_LENGTH;
    }

    static int valuesByteLength(int counters) {
        return counters * CountersReader.COUNTER_LENGTH;
    }

    static int fileByteLength(int counters) {
        return HEADER_BYTES + metadataByteLength(counters) + valuesByteLength(counters);
    }
}
