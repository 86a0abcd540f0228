package io.annulet.hostile;

import static io.annulet.vhostuser.MessageLayout.IOTLB_ACCESS_FAIL;
import static io.annulet.vhostuser.MessageLayout.IOTLB_INVALIDATE;
import static io.annulet.vhostuser.MessageLayout.IOTLB_MISS;
import static io.annulet.vhostuser.MessageLayout.IOTLB_UPDATE;
import static io.annulet.vhostuser.VhostUserRequest.IOTLB_MSG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.annulet.guest.ExtensionMessages;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.guest.RawRing;
import io.annulet.journey.PacedTraffic;
import io.annulet.memory.Access;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Class B of the catalogue: address translation that is nonsense, is taken back in use, or never comes. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class TranslationCasesTest {

    private static final int PAGE = 4096;
    private static final int FRAME_BYTES = 300;

    /** Two regions that lie side by side for the front-end, so that a range may cross from one into the other. */
    private static final VillainOptions SPLIT = VillainOptions.SPLIT.withRam(RamOptions.regions(2, 1 << 19, 0));

    private static final VillainOptions PACKED = VillainOptions.PACKED.withRam(RamOptions.regions(2, 1 << 19, 0));

    static Stream<VillainOptions> bothLayouts() {
        return Stream.of(SPLIT, PACKED);
    }

    private static byte[] update(long ioAddress, long byteLength, long userAddress, int access) {
        return Payloads.iotlb(ioAddress, byteLength, userAddress, access, IOTLB_UPDATE);
    }

    private static byte[] invalidation(long ioAddress, long byteLength) {
        return Payloads.iotlb(ioAddress, byteLength, 0, 0, IOTLB_INVALIDATE);
    }

    private static byte[] frame(int number) {
        return Frames.toAll(FRAME_BYTES, number);
    }

    /** Page of an address. */
    private static long page(long guestAddress) {
        return guestAddress & -PAGE;
    }

    private static long userAddress(Villain villain, long guestAddress) {
        for (RamRegion region : villain.ram.regions()) {
            long into = guestAddress - region.guestAddress();
            if (into >= 0 && into < region.byteLength()) {
                return region.userAddress() + into;
            }
        }
        throw new AssertionError("no address of the guest");
    }

    /** The back-end asks for an address, among others perhaps, and says what it needs it for. */
    private static void awaitMiss(Villain villain, long ioAddress, int access) {
        boolean found = false;
        while (!found) {
            try (Message request = villain.channel().receive(Trial.LIMIT.toNanos())) {
                assertNotNull(request, "nothing is asked");
                assertEquals(BackendRequest.IOTLB_MSG.id(), request.request());
                ByteBuffer payload = request.payload();
                assertEquals(IOTLB_MISS, payload.get(MessageLayout.IOTLB_TYPE));
                found = payload.getLong(MessageLayout.IOTLB_IOVA) == ioAddress
                        && payload.get(MessageLayout.IOTLB_PERMISSION) == access;
            }
        }
    }

    @Test
    void B13_rangesThatAreNoneAreRefused(Trial trial) {
        Villain villain = trial.translated(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion low = villain.ram.regions().getFirst();
        RamRegion high = villain.ram.regions().getLast();
        long user = low.userAddress();
        long far = 1L << 40;
        List<byte[]> refused = List.of(
                update(0, 0, 0, Access.READ_WRITE),
                update(0, 0, user, Access.READ_WRITE),
                update(0, -1, 0, Access.READ_WRITE),
                update(0, -1, user, Access.READ_WRITE),
                update(far, -1L >>> 1, user, Access.READ_WRITE),
                update(-PAGE, 2 * PAGE, user, Access.READ_WRITE),
                update(far, PAGE, user - 1, Access.READ_WRITE),
                update(far, low.byteLength() + 1, user, Access.READ_WRITE),
                update(far, PAGE, low.userAddress() + low.byteLength() - 1, Access.READ_WRITE),
                update(far, PAGE, high.userAddress() + high.byteLength(), Access.READ_WRITE),
                update(far, PAGE, -PAGE, Access.READ_WRITE),
                update(far, PAGE, user, 0),
                update(far, PAGE, user, 4),
                update(far, PAGE, user, 255),
                invalidation(0, 0),
                invalidation(2, -1),
                invalidation(-1, 2),
                Payloads.iotlb(far, PAGE, user, Access.READ_WRITE, 0),
                Payloads.iotlb(far, PAGE, user, Access.READ_WRITE, IOTLB_MISS),
                Payloads.iotlb(far, PAGE, user, Access.READ_WRITE, IOTLB_ACCESS_FAIL),
                Payloads.iotlb(far, PAGE, user, Access.READ_WRITE, 255));
        refused.forEach(payload -> talk.isRefused(IOTLB_MSG, payload));
        talk.isAccepted(IOTLB_MSG, update(far, PAGE, user, Access.READ));
        talk.isAccepted(IOTLB_MSG, invalidation(far, PAGE));
        talk.isAccepted(IOTLB_MSG, invalidation(far, PAGE));
        villain.sendGood(0);
    }

    @Test
    void B13_nobodyIsToldOfAddressesWithoutAnIommu(Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        talk.isRefused(IOTLB_MSG, invalidation(0, PAGE));
        villain.sendGood(0);
    }

    @ParameterizedTest
    @MethodSource("bothLayouts")
    void B13_whatMayOnlyBeReadIsNotWritten(VillainOptions options, Trial trial) {
        Villain villain = trial.translated(options);
        Talk talk = new Talk(trial, villain.frontEnd);
        long buffer = villain.memory.readable(new byte[3 * PAGE]);
        long page = page(buffer + PAGE);
        talk.isAccepted(IOTLB_MSG, update(page, PAGE, userAddress(villain, page), Access.READ));
        villain.receive().offerBuffer(0, page, 2048, VillainQueue.WRITE);
        trial.yard().sendFromBystander(Frames.of(Frames.TO_ALL, PacedTraffic.mac(0xc), FRAME_BYTES, 1));
        trial.expect("out.dropped.no-buffer", 1);
        awaitMiss(villain, page, Access.WRITE);
        // The transmit queue goes on, though it is the same guest's.
        villain.sendGood(0);
        trial.yard().assertIdle();
    }

    @ParameterizedTest
    @MethodSource("bothLayouts")
    void B13_addressesMayBeTakenBackAndToldAgainWithoutEndUnderTraffic(VillainOptions options, Trial trial) {
        Villain villain = trial.translated(options);
        Talk talk = new Talk(trial, villain.frontEnd);
        for (int i = 0; i < options.ringSize() - 1; i++) {
            byte[] frame = frame(i);
            long buffer = villain.frameBuffer(frame);
            talk.isAccepted(IOTLB_MSG, invalidation(buffer, FRAME_BYTES));
            villain.transmit().offerBuffer(i, buffer, villain.headerBytes() + frame.length, 0);
            awaitMiss(villain, buffer, Access.READ);
            villain.tellAll();
            trial.yard().awaitAtBystander(frame);
        }
    }

    /** Rings are memory behind the IOMMU as well. */
    @ParameterizedTest
    @MethodSource("bothLayouts")
    void B13_aRingWhoseMemoryIsTakenBackIsLeftAndGoesOnWhereItWas(VillainOptions options, Trial trial) {
        Villain villain = trial.translated(options);
        ExtensionMessages messages = new ExtensionMessages(villain.frontEnd);
        for (int i = 0; i < options.ringSize() - 1; i++) {
            villain.sendGood(i);
            villain.transmit().awaitUsed(i + 1);
            messages.invalidateTranslation(0, -1);
            // What is asked for are the three parts of each ring.
            for (VillainQueue queue : villain.queues) {
                RawRing ring = queue.ring;
                awaitMiss(
                        villain,
                        villain.ram.guestAddressOf(ring.descriptorHostAddress()),
                        options.isPacked() ? Access.READ_WRITE : Access.READ);
                awaitMiss(villain, villain.ram.guestAddressOf(ring.availHostAddress()), Access.READ);
                awaitMiss(villain, villain.ram.guestAddressOf(ring.usedHostAddress()), Access.WRITE);
            }
            villain.tellAll();
        }
    }

    @Test
    void B13_theTableIsBounded(Trial trial) {
        Villain villain = trial.translated(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        RamRegion region = villain.ram.regions().getFirst();
        long far = 1L << 40;
        for (int i = 0; i < 5_000; i++) {
            // Neighbours with other rights are not one entry.
            talk.frontEnd().tell(IOTLB_MSG, update(far + i, 1, region.userAddress() + i, 1 + i % 3));
        }
        // What was told first was forgotten, and rings were not.
        byte[] frame = frame(1);
        long buffer = villain.frameBuffer(frame);
        int byteLength = villain.headerBytes() + frame.length;
        villain.transmit().offerBuffer(0, far, byteLength, 0);
        awaitMiss(villain, far, Access.READ);
        talk.isAccepted(IOTLB_MSG, update(far, byteLength, userAddress(villain, buffer), Access.READ));
        trial.yard().awaitAtBystander(frame);
    }

    @ParameterizedTest
    @MethodSource("bothLayouts")
    void B14_aQueueWhoseQuestionIsNeverAnsweredWaitsAndHoldsNobodyUp(VillainOptions options, Trial trial) {
        Villain villain = trial.translated(options);
        ExtensionMessages messages = new ExtensionMessages(villain.frontEnd);
        byte[] frame = frame(7);
        long buffer = villain.frameBuffer(frame);
        messages.invalidateTranslation(buffer, FRAME_BYTES);
        villain.transmit().offerBuffer(0, buffer, villain.headerBytes() + frame.length, 0);
        awaitMiss(villain, buffer, Access.READ);
        trial.yard().awaitCanary();
        trial.yard().assertIdle();
        // The same guest still receives.
        long room = villain.memory.writable(2048);
        villain.receive().offerBuffer(0, room, 2048, VillainQueue.WRITE);
        byte[] back = Frames.of(Frames.TO_ALL, PacedTraffic.mac(0xc), FRAME_BYTES, 1);
        trial.yard().sendFromBystander(back);
        villain.receive().awaitUsed(1);
        // And the queue stops as any other does, which the judgement tries.
    }

    @Test
    void B14_aChannelThatNobodyReadsIsNoMatter(Trial trial) {
        Villain villain = trial.translated(SPLIT);
        ExtensionMessages messages = new ExtensionMessages(villain.frontEnd);
        byte[] frame = frame(1);
        long buffer = villain.frameBuffer(frame);
        villain.transmit().offerBuffer(0, buffer, villain.headerBytes() + frame.length, 0);
        trial.yard().awaitAtBystander(frame);
        for (int i = 0; i < 2_000; i++) {
            messages.invalidateTranslation(0, -1);
            villain.tellAll();
        }
        villain.transmit().offerBuffer(1, buffer, villain.headerBytes() + frame.length, 0);
        trial.yard().awaitAtBystander(frame);
    }

    @Test
    void B14_aChannelThatIsGoneIsNoMatter(Trial trial) {
        Villain villain = trial.translated(SPLIT);
        ExtensionMessages messages = new ExtensionMessages(villain.frontEnd);
        villain.channel().close();
        messages.invalidateTranslation(0, -1);
        villain.tellAll();
        villain.sendGood(0);
    }
}
