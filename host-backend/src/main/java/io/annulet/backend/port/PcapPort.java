package io.annulet.backend.port;

import io.annulet.backend.stats.PortCounters;

/** A pcap file as a port. Opened and closed on the control path. */
public sealed interface PcapPort extends Port, AutoCloseable permits PcapCapture, PcapReplay {

    /**
     * Opens the file.
     *
     * @throws PortException if it cannot be opened, or is to be read and is no pcap file of Ethernet frames
     */
    static PcapPort open(String name, PcapPortOptions options, PortCounters counters) {
        return switch (options.direction()) {
            case WRITE -> new PcapCapture(name, PcapWriter.open(options.file()), counters);
            case READ ->
                new PcapReplay(
                        name, new PcapReader(options.file(), PcapInput.open(options.file()), options.pace()), counters);
        };
    }

    /** Closes the file, after the worker has left the port. */
    @Override
    void close();
}
