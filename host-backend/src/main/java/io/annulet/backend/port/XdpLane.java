package io.annulet.backend.port;

import io.annulet.backend.data.CompletionWindow;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.AddressRange;
import io.annulet.linux.LinuxException;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.XdpSetup;
import io.annulet.linux.XdpSocket;
import io.annulet.linux.XdpStatistic;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A socket of an XDP port with the memory that is registered for it; opened and closed on the control path, worked by the
 * port's worker in between.
 *
 * <pre>
 *   | chunks for frames that come | chunks for frames that go | region of a guest | region | ...
 *     ours                                                      only with umem=guest
 * </pre>
 *
 * <p>The kernel takes one range of addresses for a socket, once, with no gap in it. So guests' memory is mapped once more
 * behind ours, and a change of it needs another socket.
 */
public final class XdpLane implements AutoCloseable {

    /** A page, so that most frames are in one piece. */
    static final int CHUNK_BYTES = 4096;

    static final int CHUNKS = 2048;

    /** What fits behind the kernel's headroom; a longer frame is in several chunks. */
    static final int CHUNK_FRAME_BYTES = CHUNK_BYTES - XdpSocket.RECEIVE_HEADROOM;

    private static final long OWN_BYTES = 2L * CHUNKS * CHUNK_BYTES;

    private final AddressRange memory;
    private final XdpSocket socket;
    private final boolean isZeroCopy;
    private final Map<XdpRegion, Long> offsets;
    private final long[] known = new long[XdpStatistic.count()];
    private long knownCalls;
    final XdpReceive receive;
    final XdpTransmit transmit;

    private XdpLane(
            AddressRange memory,
            XdpSocket socket,
            Map<XdpRegion, Long> offsets,
            XdpReceive receive,
            XdpTransmit transmit) {
        this.memory = memory;
        this.socket = socket;
        this.isZeroCopy = socket.isZeroCopy();
        this.offsets = offsets;
        this.receive = receive;
        this.transmit = transmit;
    }

    /** What is the same for all sockets that a port has, one after the other. */
    record Making(
            NetworkInterface networkInterface,
            XdpPortOptions options,
            boolean hasOpenChecksums,
            MemoryRanges ranges,
            CompletionWindow.Borrower borrower,
            PortCounters counters,
            HostAccess access) {

        boolean sharesGuests() {
            return options.umem() == XdpPortOptions.Umem.GUEST;
        }
    }

    /**
     * Opens a socket. Frames come once it is named to the program.
     *
     * @param regions of guests, to be registered beside memory of ours
     * @throws LinuxException if that cannot be done; the message says what to check
     */
    static XdpLane open(Making making, List<XdpRegion> regions) {
        long filesByteLength =
                regions.stream().mapToLong(XdpRegion::mappedByteLength).sum();
        long pageBytes = regions.stream().mapToLong(XdpRegion::pageBytes).max().orElse(CHUNK_BYTES);
        AddressRange memory = AddressRange.of(OWN_BYTES, filesByteLength, pageBytes);
        XdpSocket socket = null;
        boolean opened = false;
        try {
            Map<XdpRegion, Long> offsets = new HashMap<>();
            // Large pages first, so that all begin where they have to.
            List<XdpRegion> inOrder = regions.stream()
                    .sorted(Comparator.comparingLong(XdpRegion::pageBytes).reversed())
                    .toList();
            for (XdpRegion region : inOrder) {
                offsets.put(region, memory.append(region.file(), region.fileOffset(), region.mappedByteLength()));
            }
            socket = making.access().xdpSocket(making.networkInterface(), setup(making, memory));
            socket.framesPerCall(FrameBurst.CAPACITY);
            busyPoll(socket, making.options().busyPollMicros());
            XdpReceive receive = new XdpReceive(
                    socket, memory.address(), CHUNKS, CHUNK_BYTES, making.hasOpenChecksums(), making.sharesGuests());
            XdpTransmit transmit = new XdpTransmit(
                    socket, memory.address(), CHUNKS, CHUNKS, CHUNK_BYTES, loans(making, socket), making.counters());
            XdpLane lane = new XdpLane(memory, socket, offsets, receive, transmit);
            opened = true;
            return lane;
        } finally {
            if (!opened) {
                if (socket != null) {
                    socket.close();
                }
                memory.close();
            }
        }
    }

    private static XdpSetup setup(Making making, AddressRange memory) {
        return new XdpSetup(
                making.options().queue(),
                making.options().copying(),
                CHUNKS,
                memory.address(),
                memory.byteLength(),
                CHUNK_BYTES,
                making.sharesGuests());
    }

    private static @Nullable XdpLoans loans(Making making, XdpSocket socket) {
        if (!making.sharesGuests()) {
            return null;
        }
        return new XdpLoans(
                making.ranges(),
                making.borrower(),
                CHUNKS,
                socket.hasSeveralBuffers() ? XdpTransmit.MOST_PARTS - 1 : 0,
                CHUNK_BYTES - XdpSocket.METADATA_BYTES,
                socket.isZeroCopy() ? CHUNK_BYTES : 0);
    }

    private static void busyPoll(XdpSocket socket, int micros) {
        if (micros > 0 && !socket.preferBusyPoll(micros)) {
            throw new PortException(
                    "work the device in our calls",
                    "the kernel does not allow it",
                    "check that it is Linux 5.11 or later and that this process has CAP_NET_ADMIN, or leave"
                            + " busy-poll out");
        }
    }

    XdpSocket socket() {
        return socket;
    }

    /** Whether the device itself reads and writes the registered memory. */
    boolean isZeroCopy() {
        return isZeroCopy;
    }

    /** Where regions of guests are in the registered memory. */
    Map<XdpRegion, Long> offsets() {
        return offsets;
    }

    /** On the worker: has what the kernel counts counted, and how often it was called. */
    void count(PortCounters counters) {
        long calls = receive.calls() + transmit.calls();
        long missed = 0;
        if (socket.readStatistics()) {
            for (int i = 0; i < known.length; i++) {
                XdpStatistic which = XdpStatistic.of(i);
                long more = socket.statistic(which) - known[i];
                known[i] += more;
                counters.xdp(which, more);
                missed += which == XdpStatistic.DROPPED || which == XdpStatistic.RECEIVE_FULL ? more : 0;
            }
        }
        counters.host(missed, calls - knownCalls);
        knownCalls = calls;
    }

    /** After the worker has left it. */
    @Override
    public void close() {
        socket.close();
        memory.close();
    }
}
