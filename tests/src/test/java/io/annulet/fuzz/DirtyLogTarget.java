package io.annulet.fuzz;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import io.annulet.backend.offload.Offload;
import io.annulet.memory.HostMemory;
import io.annulet.vring.DriverHalf;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;

/**
 * Frames from one guest into hostile buffers of another while both move to another machine: every page that changed is in
 * its log, as far as the log goes; pages that nobody offered are not; what was in the log before is still there; and
 * nothing beside the log is written. Owned by one thread.
 */
public final class DirtyLogTarget implements Target {

    private static final int MOST_LOG_BYTES = 64;
    private static final int GUARD_BYTES = 64;
    private static final int FRAME_BYTES = 1024;
    private static final int HEADER_BYTES = 12;
    private static final int MOST_FRAMES = 4;
    private static final int BUFFERS = 8;

    private final CountersManager counters = new CountersManager(
            new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 18)), new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 16)));
    private final PortGuest sender = new PortGuest("sender", counters);
    private final PortGuest receiver = new PortGuest("receiver", counters);
    private final Log senderLog = new Log();
    private final Log receiverLog = new Log();
    private final Link link = new Link();
    private final FrameBurst burst = new FrameBurst(PortGuest.RING_SIZE);
    private final long[] addresses = new long[PortGuest.RING_SIZE];
    private final int[] byteLengths = new int[PortGuest.RING_SIZE];
    private int pieces;

    /** Pages of buffers that the receiver may write, as bits. */
    private int offered;

    /** A log between guards, and what it was before. */
    private static final class Log {
        final long start =
                Arena.global().allocate(2 * GUARD_BYTES + MOST_LOG_BYTES, 64).address();
        final byte[] before = new byte[2 * GUARD_BYTES + MOST_LOG_BYTES];
        int byteLength;

        long address() {
            return start + GUARD_BYTES;
        }

        void begin(Input input) {
            byteLength = input.oneIn(4) ? 8 * input.below(1 + MOST_LOG_BYTES / 8) : MOST_LOG_BYTES;
            int pattern = input.oneIn(4) ? input.octet() : 0;
            for (int i = 0; i < before.length; i++) {
                before[i] = (byte) (i < GUARD_BYTES || i >= GUARD_BYTES + byteLength ? 0xa5 : pattern);
                HostMemory.storeByte(start + i, before[i]);
            }
        }

        boolean has(int page) {
            return page / 8 < byteLength && (HostMemory.loadByte(address() + page / 8) >>> (page & 7) & 1) != 0;
        }

        boolean had(int page) {
            return page / 8 < byteLength && (before[GUARD_BYTES + page / 8] >>> (page & 7) & 1) != 0;
        }

        void assertGuards() {
            for (int i = 0; i < before.length; i++) {
                boolean isGuard = i < GUARD_BYTES || i >= GUARD_BYTES + byteLength;
                if (isGuard && HostMemory.loadByte(start + i) != 0xa5) {
                    throw new AssertionError(
                            "byte " + (i - GUARD_BYTES) + " beside a log of " + byteLength + " was written");
                }
            }
        }
    }

    public DirtyLogTarget() {
        link.add(sender.port);
        link.add(receiver.port);
    }

    @Override
    public long run(Input input) {
        int kind = input.octet();
        senderLog.begin(input);
        receiverLog.begin(input);
        int headerBytes = (kind & 4) != 0 ? HEADER_BYTES : 10;
        boolean mergeable = headerBytes == HEADER_BYTES && (kind & 24) != 0;
        DriverHalf from = sender.open(
                1, (kind & 1) != 0, HEADER_BYTES, true, Offload.NONE, senderLog.address(), senderLog.byteLength);
        DriverHalf to = receiver.open(
                0,
                (kind & 2) != 0,
                headerBytes,
                mergeable,
                Offload.NONE,
                receiverLog.address(),
                receiverLog.byteLength);
        send(from, input);
        offer(to, input);
        sender.seal();
        receiver.seal();
        forward();
        if ((kind & 32) != 0) {
            sender.port.awaitWork();
            sender.port.stopAwaiting();
        }
        long shape = (long) check(sender, senderLog, 0) << 8 | check(receiver, receiverLog, offered);
        restore(receiver);
        sender.assertUnchanged();
        receiver.assertUnchanged();
        return shape << 1 | (mergeable ? 1 : 0);
    }

    private void send(DriverHalf driver, Input input) {
        for (int count = 1 + input.below(MOST_FRAMES); count > 0; count--) {
            int at = FRAME_BYTES * count;
            HostMemory.zero(sender.hostAddress(at), HEADER_BYTES);
            for (int i = 0; i < 6; i++) {
                HostMemory.storeByte(sender.hostAddress(at + HEADER_BYTES + i), 0xff);
            }
            pieces = 0;
            add(at, HEADER_BYTES + 14);
            add(PortGuest.PATTERN + input.below(256), input.octet() < 200 ? input.below(1400) : input.below(9000));
            driver.offerChain(addresses, byteLengths, pieces, pieces);
        }
        driver.publishAvail();
    }

    /** Buffers anywhere in the memory behind the rings, over each other and over borders of pages as they come. */
    private void offer(DriverHalf driver, Input input) {
        offered = 0;
        for (int count = input.below(BUFFERS + 1); count > 0; count--) {
            pieces = 0;
            for (int cuts = 1 + (input.octet() >>> 6); cuts > 0; cuts--) {
                int length = input.octet() < 200 ? input.below(2048) : input.below(8192);
                int at = PortGuest.PATTERN + input.below(PortGuest.PATTERN_BYTES - length);
                add(at, length);
                for (int page = at / PortGuest.PAGE_BYTES;
                        length > 0 && page <= (at + length - 1) / PortGuest.PAGE_BYTES;
                        page++) {
                    offered |= 1 << page;
                }
            }
            driver.offerChain(addresses, byteLengths, pieces, 0);
        }
        driver.publishAvail();
    }

    private void add(int offset, int byteLength) {
        addresses[pieces] = PortGuest.guestAddress(offset);
        byteLengths[pieces] = byteLength;
        pieces++;
    }

    private void forward() {
        burst.clear();
        while (sender.port.pull(burst) > 0) {
            link.forward(sender.port, burst);
            sender.port.finish(burst);
            burst.clear();
        }
        sender.port.callDrivers();
        receiver.port.callDrivers();
    }

    /** Compares memory with its log; returns the pages that changed as bits. */
    private static int check(PortGuest guest, Log log, int mayBe) {
        log.assertGuards();
        int changed = 0;
        for (int i = 0; i < PortGuest.PAGES; i++) {
            int page = PortGuest.FIRST_PAGE + i;
            boolean fits = page / 8 < log.byteLength;
            boolean isChanged = guest.isChanged(i);
            changed |= isChanged ? 1 << i : 0;
            if (isChanged && fits && !log.has(page)) {
                throw new AssertionError(
                        "page " + i + " of the " + guest.port.name() + " changed and is not in the log");
            }
            // The first page has the ring.
            if (log.has(page) && !log.had(page) && i > 0 && (mayBe >>> i & 1) == 0) {
                throw new AssertionError("page " + i + " is in the log, and nobody may write it");
            }
        }
        for (int page = 0; page < log.byteLength * 8; page++) {
            boolean isOurs = page >= PortGuest.FIRST_PAGE && page < PortGuest.FIRST_PAGE + PortGuest.PAGES;
            if ((log.had(page) && !log.has(page)) || (!isOurs && log.has(page) && !log.had(page))) {
                throw new AssertionError("bit " + page + " of the log was changed");
            }
        }
        return changed;
    }

    private void restore(PortGuest guest) {
        for (int i = 0; i < PortGuest.PAGES; i++) {
            if ((offered >>> i & 1) != 0) {
                guest.restore(i * PortGuest.PAGE_BYTES, PortGuest.PAGE_BYTES);
            }
        }
    }
}
