package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.linux.AddressRange;
import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Memfd;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.XdpRing;
import io.annulet.linux.XdpSetup;
import io.annulet.linux.XdpSocket;
import io.annulet.linux.XdpStatistic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The kernel's rules for registered memory, which docs/design/0025-guest-memory-for-af-xdp.md builds on. */
@Tag("root")
@Timeout(60)
final class XdpRulesTest {

    private static final int RING = 64;
    private static final long OWN_BYTES = 1 << 20;
    private static final long FILE_BYTES = 1 << 20;

    private NetworkNamespace namespace;
    private NetworkInterface cable;
    private Fd one;
    private Fd other;
    private AddressRange range;

    @BeforeEach
    void layACable() {
        NetworkNamespace.assumeAvailable();
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        namespace = NetworkNamespace.create();
        cable = NetworkInterface.named(namespace.addCable("cable"));
        one = Memfd.create("xdp-rules-one", FILE_BYTES, false);
        other = Memfd.create("xdp-rules-other", FILE_BYTES, false);
        range = AddressRange.of(OWN_BYTES, 2 * FILE_BYTES + 4096, 4096);
    }

    @AfterEach
    void takeItAway() {
        if (namespace != null) {
            range.close();
            one.close();
            other.close();
            namespace.close();
        }
    }

    private XdpSocket open(long byteLength) {
        return XdpSocket.open(
                cable, new XdpSetup(0, XdpSetup.Copying.COPY, RING, range.address(), byteLength, 4096, true));
    }

    private XdpSocket openWithFiles() {
        range.append(one, 0, FILE_BYTES);
        range.append(other, 0, FILE_BYTES);
        return open(range.byteLength());
    }

    @Test
    void registeredMemoryHasNoGap() {
        range.append(one, 0, FILE_BYTES);
        assertThrows(LinuxException.class, () -> open(range.byteLength() + 4096));
    }

    @Test
    void registeredMemoryMayBeOfSeveralFilesAndAQueueHasOneOfThem() {
        try (XdpSocket socket = openWithFiles()) {
            assertTrue(socket.hasSeveralBuffers());
            LinuxException taken = assertThrows(LinuxException.class, () -> open(OWN_BYTES));
            assertTrue(String.valueOf(taken.getMessage()).contains("EBUSY"), taken::getMessage);
        }
    }

    @Test
    void aDescriptorCrossesPagesAndFilesAndComesBackWithItsTag() {
        try (XdpSocket socket = openWithFiles()) {
            long[] offsets = {OWN_BYTES + 4096 - 300, OWN_BYTES + FILE_BYTES - 300};
            for (int i = 0; i < offsets.length; i++) {
                long address = XdpSetup.tagged(offsets[i], 40_000 + i);
                assertEquals(offsets[i], XdpSetup.offset(address));
                send(socket, address, 600);
                assertEquals(1, completed(socket));
                // Linux 6.18 loses the lowest bit of an address, and no other.
                assertEquals(address >> 1, socket.completionRing().address(0) >> 1);
                socket.completionRing().release(1);
            }
            assertEquals(0, refused(socket));
        }
    }

    @Test
    void aDescriptorCoversAChunkLessTheMetadata() {
        try (XdpSocket socket = openWithFiles()) {
            assumeTrue(socket.hasMetadata(), "this kernel has no metadata");
            send(socket, OWN_BYTES + 100, 4096 - XdpSocket.METADATA_BYTES + 1);
            assertEquals(1, refused(socket));
        }
    }

    @Test
    void aDescriptorThatWasCancelledIsNotSent() {
        try (XdpSocket socket = openWithFiles()) {
            NetworkNamespace.check("ip", "link", "set", cable.name(), "down");
            send(socket, OWN_BYTES, 600);
            assertEquals(1, socket.transmitRing().untaken());
            socket.transmitRing().cancel(1);
            NetworkNamespace.check("ip", "link", "set", cable.name(), "up");
            send(socket, OWN_BYTES + 4096, 600);
            socket.wakeTransmit();
            assertEquals(0, socket.transmitRing().untaken());
            assertEquals(1, refused(socket));
        }
    }

    @Test
    void p03AStarvedCompletionRingHoldsFramesBackAndLosesNone() {
        try (XdpSocket socket = openWithFiles()) {
            for (int i = 0; i < 2 * RING; i++) {
                if (socket.transmitRing().free(1) == 1) {
                    send(socket, OWN_BYTES + 128L * i, 100);
                }
            }
            int waiting = socket.transmitRing().untaken();
            assertTrue(waiting > 0, "the kernel takes no frame whose completion has no place");
            int done = 0;
            while (socket.transmitRing().untaken() > 0
                    || socket.completionRing().available(1) > 0) {
                int some = socket.completionRing().available(RING);
                socket.completionRing().release(some);
                done += some;
                socket.wakeTransmit();
            }
            assertEquals(2 * RING, done);
            assertEquals(0, refused(socket));
        }
    }

    private static void send(XdpSocket socket, long address, int byteLength) {
        XdpRing ring = socket.transmitRing();
        assertEquals(1, ring.free(1));
        ring.put(address, byteLength, 0);
        ring.publish();
        socket.wakeTransmit();
    }

    private static int completed(XdpSocket socket) {
        int count = 0;
        while (count == 0) { // the kernel hands it over when it has let go of the frame
            count = socket.completionRing().available(RING);
        }
        return count;
    }

    private static long refused(XdpSocket socket) {
        assertTrue(socket.readStatistics());
        return socket.statistic(XdpStatistic.BAD_TRANSMIT);
    }
}
