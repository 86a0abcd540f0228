package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TapTest {
    private static final int HEADER_BYTE_LENGTH = 12;
    private static final int ARP_BYTE_LENGTH = 42;
    private static final TapOptions OPTIONS = TapOptions.withHeader(HEADER_BYTE_LENGTH);
    /** 198.18.77.1 and .2, of the range that RFC 2544 sets aside for tests of devices. */
    private static final String HOST_ADDRESS = "c6124d01";

    private static final String GUEST_ADDRESS = "c6124d02";
    private static final HexFormat HEX = HexFormat.of();

    private final Arena arena = Arena.ofConfined();

    @BeforeEach
    void needsATapDevice() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "/dev/net/tun is missing");
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "creating a tap needs CAP_NET_ADMIN");
    }

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    @Test
    void aCreatedTapGoesWhenItIsClosed() {
        Tap tap = Tap.open("anntest%d", OPTIONS);
        assertTrue(tap.isCreated());
        assertFalse(tap.isPersistent());
        assertTrue(tap.name().startsWith("anntest"));
        assertTrue(NetworkInterface.named(tap.name()).exists());
        tap.close();
        assertFalse(NetworkInterface.named(tap.name()).exists());
    }

    @Test
    void anAttachedTapStays() {
        String name = makePersistentTap();
        try {
            try (Tap tap = Tap.open(name, OPTIONS)) {
                assertFalse(tap.isCreated());
                assertTrue(tap.isPersistent());
            }
            assertTrue(NetworkInterface.named(name).exists());
        } finally {
            removePersistentTap(name);
        }
        assertFalse(NetworkInterface.named(name).exists());
    }

    @Test
    void createRefusesWhatExistsAndAttachRefusesWhatDoesNot() {
        LinuxException missing = assertThrows(
                LinuxException.class, () -> Tap.open("annmissing", OPTIONS.presence(TapOptions.Presence.ATTACH)));
        assertEquals(
                "attach to tap annmissing: No such device (ENODEV); check that the tap exists (ip tuntap)",
                missing.getMessage());
        try (Tap tap = Tap.open("anntest%d", OPTIONS)) {
            LinuxException exists = assertThrows(
                    LinuxException.class, () -> Tap.open(tap.name(), OPTIONS.presence(TapOptions.Presence.CREATE)));
            assertEquals(Errno.EBUSY, exists.errno());
        }
    }

    @Test
    void namesTheRemedyWhenTheTapIsBusyOrIsNoTap() {
        try (Tap tap = Tap.open("anntest%d", OPTIONS)) {
            LinuxException busy = assertThrows(LinuxException.class, () -> Tap.open(tap.name(), OPTIONS));
            assertTrue(
                    busy.getMessage().endsWith("(EBUSY); check that no other process has the tap open"),
                    busy::getMessage);
        }
        LinuxException loopback = assertThrows(LinuxException.class, () -> Tap.open("lo", OPTIONS));
        assertEquals(Errno.EINVAL, loopback.errno());
        LinuxException overlong = assertThrows(LinuxException.class, () -> Tap.open("sixteen-bytes-xx", OPTIONS));
        assertTrue(overlong.getMessage().endsWith("check that the name has 1 to 15 bytes"), overlong::getMessage);
    }

    @Test
    void failedOpensLeaveNoDescriptorBehind() {
        OpenFds.areTheSameAfter(20, () -> {
            assertThrows(LinuxException.class, () -> Tap.open("lo", OPTIONS));
            assertThrows(LinuxException.class, () -> Tap.open("anntest%d", OPTIONS.offloads(1 << 30)));
        });
    }

    @Test
    void opensFurtherQueues() {
        try (Tap first = Tap.open("anntest%d", OPTIONS.multiQueue(true));
                Tap second = first.openQueue()) {
            assertTrue(first.isCreated());
            assertFalse(second.isCreated());
            assertEquals(first.name(), second.name());
            first.fd().close();
            assertTrue(second.networkInterface().exists(), "it goes with its last queue");
        }
    }

    @Test
    void comesUpWithTheMtuAskedFor() {
        try (Tap tap = Tap.open("anntest%d", OPTIONS)) {
            assertFalse(tap.networkInterface().isUp());
            tap.up();
            tap.mtu(9000);
            assertTrue(tap.networkInterface().isUp());
            assertEquals(9000, tap.networkInterface().mtu());
            assertTrue(tap.networkInterface().index() > 0);
            assertThrows(LinuxException.class, () -> tap.mtu(10));
        }
    }

    @Test
    void takesTheOffloadsOfItsKernel() {
        int offloads = TapOptions.OFFLOAD_CHECKSUM | TapOptions.OFFLOAD_TSO4 | TapOptions.OFFLOAD_TSO6;
        try (Tap tap = Tap.open("anntest%d", OPTIONS.offloads(offloads))) {
            tap.offloads(0);
            LinuxException e = assertThrows(LinuxException.class, () -> tap.offloads(1 << 30));
            assertEquals(Errno.EINVAL, e.errno());
        }
        assertThrows(
                IllegalArgumentException.class, () -> TapOptions.withHeader(0).offloads(1));
        assertThrows(IllegalArgumentException.class, () -> TapOptions.withHeader(9));
    }

    @Test
    void theHostAnswersAFrameThatWasGatheredAndTheAnswerIsScattered() {
        try (Tap tap = Tap.open("anntest%d", OPTIONS)) {
            giveAddress(tap, HOST_ADDRESS);
            tap.up();
            IoVectors vectors = new IoVectors(3);
            MemorySegment request = arpRequest("020000000001", GUEST_ADDRESS, HOST_ADDRESS);
            MemorySegment header = arena.allocate(HEADER_BYTE_LENGTH);
            vectors.set(0, header.address(), HEADER_BYTE_LENGTH);
            vectors.set(1, request.address(), 20);
            vectors.set(2, request.address() + 20, ARP_BYTE_LENGTH - 20);
            assertEquals(HEADER_BYTE_LENGTH + ARP_BYTE_LENGTH, tap.writev(vectors.address(), 3));

            MemorySegment answer = awaitArp(tap, vectors);
            byte[] sender = answer.asSlice(22, 6).toArray(JAVA_BYTE);
            assertArrayEquals(tap.mac(), sender);
            assertEquals(HOST_ADDRESS, HEX.formatHex(answer.asSlice(28, 4).toArray(JAVA_BYTE)));
        }
    }

    /** Reads frames, header and frame into two buffers, until an ARP reply comes: the host sends others of its own. */
    private MemorySegment awaitArp(Tap tap, IoVectors vectors) {
        MemorySegment header = arena.allocate(HEADER_BYTE_LENGTH);
        MemorySegment frame = arena.allocate(2048);
        vectors.set(0, header.address(), HEADER_BYTE_LENGTH);
        vectors.set(1, frame.address(), frame.byteSize());
        while (true) {
            assertTrue(FileDescriptors.awaitReadable(tap.fd(), TimeUnit.SECONDS.toNanos(30)), "no answer");
            long read = tap.readv(vectors.address(), 2);
            assertTrue(read > HEADER_BYTE_LENGTH, () -> "readv answered " + read);
            String typeAndOperation = HEX.formatHex(frame.asSlice(12, 10).toArray(JAVA_BYTE));
            if (typeAndOperation.equals("0806" + "0001080006040002")) {
                return frame;
            }
        }
    }

    private MemorySegment arpRequest(String senderMac, String senderAddress, String targetAddress) {
        String frame = "ffffffffffff" + senderMac + "0806" + "0001080006040001" + senderMac + senderAddress
                + "000000000000" + targetAddress;
        byte[] bytes = HEX.parseHex(frame);
        assertEquals(ARP_BYTE_LENGTH, bytes.length);
        return arena.allocateFrom(JAVA_BYTE, bytes);
    }

    @Test
    void answersErrorsAsNegativeNumbers() {
        MemorySegment frame = arena.allocate(HEADER_BYTE_LENGTH + 64);
        try (Tap tap = Tap.open("anntest%d", OPTIONS)) {
            assertEquals(-Errno.EIO, tap.write(frame.address(), frame.byteSize()), "the interface is down");
            tap.up();
            assertEquals(-Errno.EINVAL, tap.write(frame.address(), HEADER_BYTE_LENGTH + 5), "too short for Ethernet");
            assertEquals(-Errno.EINVAL, tap.write(frame.address(), 4), "too short for the header");
            frame.set(JAVA_BYTE, 1, (byte) 0x7f);
            assertEquals(-Errno.EINVAL, tap.write(frame.address(), frame.byteSize()), "unknown segmentation");
            assertEquals(-Errno.EFAULT, tap.write(1, 64));
            tap.fd().close();
            assertEquals(-Errno.EBADF, tap.read(frame.address(), frame.byteSize()));
        }
    }

    @Test
    void memoryThatWasTruncatedIsABadAddressInBothDirections() {
        try (Tap tap = Tap.open("anntest%d", OPTIONS);
                Fd fd = Memfd.create("truncated", 4096, false);
                Mapping mapping = Mapping.map(fd, 0, 4096, Mapping.Protection.READ_WRITE)) {
            tap.up();
            FileDescriptors.truncate(fd, 0);
            assertEquals(-Errno.EFAULT, tap.write(mapping.address(), 1024));
        }
    }

    private static String makePersistentTap() {
        try (Tap tap = Tap.open("anntest%d", OPTIONS)) {
            setPersistent(tap, true);
            return tap.name();
        }
    }

    private static void removePersistentTap(String name) {
        try (Tap tap = Tap.open(name, OPTIONS)) {
            setPersistent(tap, false);
        }
    }

    private static void setPersistent(Tap tap, boolean persistent) {
        long tunSetPersist = 0x400454cbL;
        LinuxException.check(Kernel.ioctl(tap.fd().number(), tunSetPersist, persistent ? 1 : 0), "set persistence");
    }

    /** Gives the host's side an IPv4 address by {@code struct ifreq}: the name, then {@code struct sockaddr_in} at 16. */
    private void giveAddress(Tap tap, String address) {
        int siocsifaddr = 0x8916;
        short inet = 2;
        int datagramCloseOnExec = 2 | 0x80000;
        MemorySegment request = arena.allocate(40, 8);
        request.setString(0, tap.name());
        request.set(JAVA_SHORT, 16, inet);
        MemorySegment.copy(HEX.parseHex(address), 0, request, JAVA_BYTE, 20, 4);
        try (Fd socket = Fd.of((int) LinuxException.check(Kernel.socket(inet, datagramCloseOnExec), "a socket"))) {
            LinuxException.check(Kernel.ioctl(socket.number(), siocsifaddr, request.address()), "give an address");
        }
    }
}
