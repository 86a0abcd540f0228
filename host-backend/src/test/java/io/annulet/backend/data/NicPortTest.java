package io.annulet.backend.data;

import static io.annulet.backend.data.ArenaGuest.GUEST_BASE;
import static io.annulet.backend.data.ArenaGuest.frame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.ArenaGuest.Received;
import io.annulet.backend.port.NicMemoryMap;
import io.annulet.backend.port.NicPort;
import io.annulet.backend.port.NicPortOptions.ZeroCopy;
import io.annulet.memory.HostMemory;
import io.annulet.vring.SplitDriverHalf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest and a NIC on a link, step by step: what is lent, in what order it comes back, and what a NIC cannot do. */
@Timeout(60)
final class NicPortTest extends NicLink {

    private static final int FLAPS = 1_000;

    /** Each takes the time that what was lent is waited for. */
    private static final int RECOVERIES = 100;

    @Test
    void payloadIsReadFromTheGuestsOwnBuffersAndKeptUntilThen() {
        connect();
        byte[] frame = frame(2, MAC, 1_500);
        int head = guest.send(frame, 12, 700);
        step();
        assertEquals(1, nic.waiting());
        assertEquals(SplitDriverHalf.NOTHING, guest.transmit.takeUsed(), "the chain is lent");
        nic.send(1, false);
        step();
        assertEquals(head, guest.transmit.takeUsed());
        assertArrayEquals(frame, nic.wire.getFirst());
        assertEquals(0, iommu.faults);
        assertEquals(0, counter("copied.bytes"));
        assertEquals(1, counter("nic.zero-copy"));
        assertEquals(1, counter("out.frames"));
        assertEquals(1_500, counter("out.bytes"));
    }

    @Test
    void aFrameThatFitsIntoTheSnapshotIsNotLentAtAll() {
        connect();
        int head = guest.send(frame(2, MAC, 50));
        step();
        assertEquals(head, guest.transmit.takeUsed());
        nic.send(1, false);
        assertArrayEquals(frame(2, MAC, 50), nic.wire.getFirst());
    }

    @Test
    void chainsComeBackInTheOrderInWhichTheyWereMadeAvailable() {
        connect();
        int[] heads = new int[10];
        for (int i = 0; i < heads.length; i++) {
            heads[i] = guest.send(frame(2, MAC, i == 4 ? 40 : 200 + i));
        }
        step();
        nic.send(2, true);
        step();
        assertEquals(heads[0], guest.transmit.takeUsed());
        assertEquals(heads[1], guest.transmit.takeUsed());
        assertEquals(SplitDriverHalf.NOTHING, guest.transmit.takeUsed());
        int more = guest.send(frame(2, MAC, 300));
        step();
        nic.send(nic.waiting(), true);
        step();
        for (int i = 2; i < heads.length; i++) {
            assertEquals(heads[i], guest.transmit.takeUsed());
        }
        assertEquals(more, guest.transmit.takeUsed());
    }

    /** A process that dies there is followed by one that sends lent chains again, unless it can tell. */
    @Test
    void howManyChainsStayLentIsNotedBeforeTheOthersAreShown() {
        connect();
        long address = RingRecordTest.newMemory();
        RingRecord record = RingRecordTest.newRecord(address, 1);
        guest.port.onOpenQueue(guest.transmitSetup.recorded(record, 0, 0));
        for (int i = 0; i < 3; i++) {
            guest.send(frame(2, MAC, 400));
        }
        step();
        assertEquals(3, record.intendedChains(0));
        long intent = HostMemory.loadLong(address + RingRecord.INTENT);
        nic.send(2, true);
        step();
        assertEquals(1, record.intendedChains(2));
        HostMemory.storeLong(address + RingRecord.INTENT, intent); // as it was when the ring was written
        assertEquals(1, record.intendedChains(2));
    }

    @Test
    void whatWasDecidedOnIsWhatIsSent() {
        connect();
        byte[] frame = frame(2, MAC, 600);
        guest.send(frame);
        long buffer = guest.host(guest.lastSentAddress());
        step();
        for (int i = 0; i < 26; i++) {
            HostMemory.storeByte(buffer + i, 0xff);
        }
        nic.send(1, false);
        assertArrayEquals(frame, nic.wire.getFirst());
    }

    @Test
    void aClosedQueueGetsItsChainsBackAndALateCompletionIsNobodys() {
        connect();
        guest.send(frame(2, MAC, 400));
        guest.send(frame(2, MAC, 500));
        step();
        nic.send(1, false);
        long[] base = {-1};
        proxy.closeQueue(guest.port, 1, next -> base[0] = next);
        step();
        assertEquals(2, base[0], "both chains were given back");
        assertEquals(2, nic.starts, "the second frame was broken off");
        assertEquals(1, counter("out.frames"));
        assertEquals(1, counter("out.dropped.aborted"));
        assertEquals(1, counter("nic.restarts"));
        assertEquals(2, takeAllUsed());
        map.unshare(window, region());
        nic.receive(frame(MAC, 2, 100));
        step();
        assertEquals(0, iommu.faults);
    }

    @Test
    void P10_memoryChangesOnlyAfterTheNicHasLeftIt() {
        connect();
        guest.send(frame(2, MAC, 400));
        step();
        proxy.replaceMemory(guest.port, List.of(guest.receiveSetup, guest.transmitSetup), () -> {});
        step();
        assertEquals(0, nic.waiting());
        guest.send(frame(2, MAC, 401));
        step();
        nic.send(1, false);
        assertEquals(401, nic.wire.getFirst().length);
    }

    @Test
    void payloadIsCopiedWhereItCannotBeReadAndTheReasonCounted() {
        connect(ZeroCopy.TX, false);
        byte[] frame = frame(2, MAC, 900);
        int head = guest.send(frame);
        step();
        assertEquals(head, guest.transmit.takeUsed(), "a copied frame's chain is free at once");
        nic.send(1, false);
        assertArrayEquals(frame, nic.wire.getFirst());
        assertEquals(1, counter("nic.copied.unshared"));
        assertEquals(0, counter("nic.zero-copy"));
        assertTrue(counter("copied.bytes") > 800);
    }

    @Test
    void moreBuffersThanTheNicHasPiecesAreCopied() {
        connect();
        byte[] frame = frame(2, MAC, 1_000);
        guest.send(frame, 100, 100, 100, 100, 100, 100, 100);
        step();
        nic.send(1, false);
        assertArrayEquals(frame, nic.wire.getFirst());
        assertEquals(1, counter("nic.copied.pieces"));
    }

    @Test
    void framesWhereverTheyLieAreCutAtPages() {
        connect();
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] frame = frame(2, MAC, 1_400 + i);
            frames.add(frame);
            guest.send(frame, 12 + i);
            step();
            nic.send(1, false);
            step();
        }
        for (int i = 0; i < frames.size(); i++) {
            assertArrayEquals(frames.get(i), nic.wire.get(i));
        }
        assertEquals(frames.size(), counter("nic.zero-copy"));
        assertEquals(0, counter("copied.bytes"));
    }

    @Test
    void zeroCopyCanBeSwitchedOff() {
        connect(ZeroCopy.OFF, true);
        guest.send(frame(2, MAC, 1_000));
        step();
        nic.send(1, false);
        assertArrayEquals(frame(2, MAC, 1_000), nic.wire.getFirst());
        assertEquals(1, counter("nic.copied.off"));
    }

    @Test
    void receivesIntoBuffersOfItsOwnAndOffersThemAgain() {
        connect();
        guest.offerReceiveBuffers(FakeNic.BUFFERS * 2);
        for (int i = 0; i < FakeNic.BUFFERS * 2; i++) {
            byte[] frame = frame(MAC, 2, 60 + i);
            nic.receive(frame);
            step();
            Received received = guest.receive();
            assertNotNull(received);
            assertArrayEquals(frame, received.frame);
        }
        assertEquals(FakeNic.BUFFERS, nic.offered());
        assertEquals(0, iommu.faults);
    }

    @Test
    void P05_aLengthBeyondTheBufferIsCutToIt() {
        connect();
        guest.offerReceiveBuffers(4);
        nic.claimedBytes = Integer.MAX_VALUE;
        nic.receive(frame(MAC, 2, 100));
        step();
        nic.claimedBytes = 5;
        nic.receive(frame(MAC, 2, 100));
        step();
        Received received = guest.receive();
        assertEquals(2_048, received == null ? 0 : received.frame.length);
        assertEquals(1, counter("in.dropped.too-short"));
        assertEquals(FakeNic.BUFFERS, nic.offered());
    }

    @Test
    void P05_aNicThatClaimsABufferItWasNotGivenIsStopped() {
        connect();
        nic.claimReceived(FakeNic.BUFFERS);
        step();
        assertEquals(List.of(NicPort.Stop.CLAIMED_WHAT_IT_WAS_NOT_GIVEN), stops);
        assertFalse(nic.isRunning());
    }

    @Test
    void aNicThatClaimsToHaveSentWhatItWasNotGivenIsStoppedAndFramesEnd() {
        connect();
        int first = guest.send(frame(2, MAC, 400));
        step();
        nic.claim(FakeNic.FRAMES);
        step();
        assertEquals(List.of(NicPort.Stop.CLAIMED_WHAT_IT_WAS_NOT_GIVEN), stops);
        step();
        assertEquals(first, guest.transmit.takeUsed());
        int second = guest.send(frame(2, MAC, 400));
        step();
        assertEquals(second, guest.transmit.takeUsed());
        assertEquals(1, counter("out.dropped.aborted"));
        assertEquals(1, counter("out.dropped.not-ready"));
        assertEquals(1, counter("nic.stopped"));
    }

    @Test
    void P06_aNicThatSendsNothingAnyMoreIsStoppedByTheWatchdog() {
        connect();
        guest.send(frame(2, MAC, 400));
        stepUntilStopped();
        assertEquals(List.of(NicPort.Stop.SENT_NOTHING_FOR_TOO_LONG), stops);
        step();
        assertTrue(guest.transmit.takeUsed() >= 0, "the chain came back");
    }

    /** The watchdog counted from when it had looked last, which a worker that sleeps does seldom. */
    @Test
    void theFirstFrameAfterALongPauseHasItsWholeTimeToBeSent() throws InterruptedException {
        connect();
        Thread.sleep(Duration.ofNanos(NicPort.WATCHDOG_NANOS).plusMillis(50));
        guest.send(frame(2, MAC, 400));
        for (int i = 0; i < NicPort.PULLS_PER_LOOK + 1; i++) { // one look
            worker.doWork();
        }
        assertEquals(List.of(), stops);
    }

    @Test
    void P13_aDeviceThatIsWantedBackIsLetGoOf() {
        connect();
        guest.send(frame(2, MAC, 400));
        step();
        events.request().signal();
        stepUntilStopped();
        assertEquals(List.of(NicPort.Stop.WANTED_BACK), stops);
        assertFalse(nic.isRunning());
        step();
        assertTrue(guest.transmit.takeUsed() >= 0, "the chain came back");
    }

    @Test
    void errorsOfTheBusStopThePort() {
        connect();
        hasErrors = true;
        events.others().signal();
        stepUntilStopped();
        assertEquals(List.of(NicPort.Stop.BUS_ERRORS), stops);
    }

    @Test
    void aDeviceThatWasPulledOutStopsThePort() {
        connect();
        isThere = false;
        events.others().signal();
        stepUntilStopped();
        assertEquals(List.of(NicPort.Stop.PULLED_OUT), stops);
    }

    @Test
    void P12_framesAreDroppedWhileTheLinkIsDownAndGoOnAfterIt() {
        connect();
        for (int i = 0; i < FLAPS; i++) {
            nic.linkUp = i % 2 == 1;
            events.others().signal();
            for (int turn = 0; turn < 200; turn++) {
                worker.doWork();
            }
            guest.send(frame(2, MAC, 200));
            step();
            assertEquals(i % 2, nic.waiting());
            nic.send(nic.waiting(), false);
            step();
            assertEquals(1, takeAllUsed());
        }
        assertEquals(FLAPS / 2, counter("out.frames"));
        assertEquals(FLAPS / 2, counter("out.dropped.not-ready"));
    }

    /** Each recovery begins with empty rings on both sides, whatever was under way. */
    @Test
    void P12_manyRecoveriesLoseWhatWasInFlightAndNothingElse() {
        connect();
        guest.offerReceiveBuffers(16);
        for (int i = 0; i < RECOVERIES; i++) {
            guest.send(frame(2, MAC, 400));
            guest.send(frame(2, MAC, 401));
            step();
            nic.send(1, false);
            nic.receive(frame(MAC, 2, 100));
            proxy.replaceMemory(guest.port, List.of(guest.receiveSetup, guest.transmitSetup), () -> {});
            step();
            assertEquals(2, takeAllUsed());
            assertEquals(FakeNic.BUFFERS, nic.offered());
            while (guest.receive() != null) {
                guest.offerReceiveBuffers(1);
            }
        }
        assertEquals(RECOVERIES, counter("out.frames"));
        assertEquals(RECOVERIES, counter("out.dropped.aborted"));
        assertEquals(RECOVERIES, counter("nic.restarts"));
        assertEquals(RECOVERIES + 1, nic.starts);
        assertEquals(0, iommu.faults);
    }

    @Test
    void aFullNicDropsAndLosesNoChain() {
        connect();
        int frames = 3 * FakeNic.FRAMES;
        for (int i = 0; i < frames; i++) {
            guest.send(frame(2, MAC, 300));
        }
        for (int i = 0; i < 10; i++) {
            step();
        }
        assertEquals(FakeNic.FRAMES, nic.waiting());
        assertEquals(frames - FakeNic.FRAMES, counter("out.dropped.no-buffer"));
        nic.send(FakeNic.FRAMES, true);
        step();
        assertEquals(frames, takeAllUsed());
    }

    @Test
    void aGuestsMemoryIsSharedForReadingOnlyAndTakenBack() {
        int before = iommu.mappings();
        map.share(window, region());
        byte[] bytes = new byte[64];
        Arrays.fill(bytes, (byte) 1);
        iommu.write(window.base() + GUEST_BASE, bytes);
        assertEquals(1, iommu.faults);
        assertEquals(window.base() + GUEST_BASE + 5, map.iova(guest.host(GUEST_BASE) + 5, 10));
        assertEquals(NicMemoryMap.UNSHARED, map.iova(guest.host(GUEST_BASE) + GUEST_BYTES - 5, 10));
        assertEquals(NicMemoryMap.UNSHARED, map.iova(guest.host(GUEST_BASE) - 1, 1));
        map.stopUsing(region());
        assertEquals(NicMemoryMap.UNSHARED, map.iova(guest.host(GUEST_BASE), 10));
        assertEquals(before + 1, iommu.mappings(), "what is in flight is still read");
        map.unshare(window, region());
        map.closeWindow(window);
        assertEquals(before, iommu.mappings());
        worker.onStart();
    }
}
