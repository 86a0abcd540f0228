package io.annulet.guest.conform;

import io.annulet.guest.BackendChannel;
import io.annulet.guest.Message;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rules on address translation: what the guest names is an I/O virtual address, which the front-end knows to resolve. */
final class TranslationRules {

    private static final String SECTION = "IOMMU support";
    private static final int MISS = 1;
    private static final int UPDATE = 2;
    private static final int INVALIDATE = 3;
    private static final int READ_WRITE = 3;
    private static final int IOTLB_BYTES = 32;
    private static final int BUFFER_BYTES = 2048;

    private static final Setup TRANSLATED = Setup.USUAL
            .with(VirtioFeature.ACCESS_PLATFORM)
            .with(ProtocolFeature.BACKEND_REQ)
            .withRam(RamOptions.regions(2, Setup.USUAL_RAM_BYTES, Setup.USUAL_RAM_BYTES));

    private TranslationRules() {}

    static List<Rule> all() {
        return List.of(
                rule("VU-IOTLB-01", "updates and invalidations are answered with 0", TranslationRules::answered),
                rule("VU-IOTLB-02", "frames go both ways where the front-end told of all memory at first", trial -> {
                            Pair pair = knowingAll(trial);
                            pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
                            pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
                        })
                        .withTraffic(),
                rule(
                                "VU-IOTLB-03",
                                "what is not in the IOTLB is asked for with a miss message",
                                TranslationRules::missed)
                        .withTraffic(),
                rule(
                                "VU-IOTLB-04",
                                "an address that was invalidated and updated means its new place",
                                TranslationRules::moved)
                        .withTraffic());
    }

    private static Rule rule(String id, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, SECTION, expectation, check);
    }

    private static ProbeGuest guest(Trial trial, Setup setup) {
        ProbeGuest guest = trial.attached(0, setup);
        guest.needs(VirtioFeature.ACCESS_PLATFORM, "VIRTIO_F_ACCESS_PLATFORM")
                .needs(ProtocolFeature.BACKEND_REQ)
                .needs(ProtocolFeature.REPLY_ACK);
        return guest;
    }

    /** Asks for a reply, as QEMU does: the protocol is of two minds on whether there is one without. */
    private static long tell(ProbeGuest guest, int type, long iova, long byteLength, long userAddress) {
        byte[] payload = new byte[IOTLB_BYTES];
        ByteBuffer.wrap(payload)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MessageLayout.IOTLB_IOVA, iova)
                .putLong(MessageLayout.IOTLB_SIZE, byteLength)
                .putLong(MessageLayout.IOTLB_USER_ADDRESS, userAddress)
                .put(MessageLayout.IOTLB_PERMISSION, (byte) READ_WRITE)
                .put(MessageLayout.IOTLB_TYPE, (byte) type);
        return guest.frontEnd().status(VhostUserRequest.IOTLB_MSG, payload);
    }

    private static void mustTell(ProbeGuest guest, int type, long iova, long byteLength, long userAddress) {
        long status = tell(guest, type, iova, byteLength, userAddress);
        Stop.unless(status == 0, "status 0", "status " + status);
    }

    /** I/O virtual addresses are the guest's own, unless a rule moves them. */
    private static void tellAll(ProbeGuest guest) {
        for (RamRegion region : guest.regions()) {
            mustTell(guest, UPDATE, region.guestAddress(), region.byteLength(), region.userAddress());
        }
    }

    private static void answered(Trial trial) {
        ProbeGuest guest = guest(trial, TRANSLATED);
        guest.setFeatures();
        trial.own(guest.frontEnd().openBackendChannel());
        guest.shareMemory();
        RamRegion region = guest.regions().getFirst();
        mustTell(guest, UPDATE, region.guestAddress(), Setup.PAGE_BYTES, region.userAddress());
        mustTell(guest, INVALIDATE, region.guestAddress(), Setup.PAGE_BYTES, region.userAddress());
    }

    /** An IOTLB is a cache: what a back-end was told it may forget, and ask for again. */
    private static Pair knowingAll(Trial trial) {
        ProbeGuest tested = guest(trial, TRANSLATED.withoutReceiveBuffers());
        answerMisses(trial, tested);
        tellAll(tested);
        return started(trial, tested);
    }

    /** A guest that agreed on features and shared its memory; it answers misses while the rule waits for something. */
    private static int[] answerMisses(Trial trial, ProbeGuest tested) {
        tested.setFeatures();
        BackendChannel channel = trial.own(tested.frontEnd().openBackendChannel());
        tested.shareMemory();
        int[] misses = new int[1];
        trial.whileWaiting(() -> misses[0] += answerMiss(tested, channel, 0));
        return misses;
    }

    private static Pair started(Trial trial, ProbeGuest tested) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        tested.queues().forEach(tested::describe);
        tested.goOn();
        Pair pair = new Pair(trial, tested, peer);
        pair.warmUp();
        tested.frames().post(tested.setup().ringSize() / 2, BUFFER_BYTES);
        return pair;
    }

    private static void missed(Trial trial) {
        ProbeGuest tested = guest(trial, TRANSLATED.withoutReceiveBuffers());
        int[] misses = answerMisses(trial, tested);
        Pair pair = started(trial, tested);
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
        Stop.unless(misses[0] > 0, "miss messages on the channel", "none");
    }

    /**
     * Answers one miss with a page, as QEMU does, if there is one; returns how many.
     *
     * @param moved how far the memory of the last region lies behind its addresses
     */
    private static int answerMiss(ProbeGuest guest, BackendChannel channel, long moved) {
        try (Message request = channel.receive(0)) {
            if (request == null || request.request() != BackendRequest.IOTLB_MSG.id()) {
                return 0;
            }
            ByteBuffer payload = request.payload();
            boolean miss = payload.get(MessageLayout.IOTLB_TYPE) == MISS;
            if (miss) {
                resolve(guest, payload.getLong(MessageLayout.IOTLB_IOVA) & -Setup.PAGE_BYTES, moved);
            }
            if (request.needsReply()) {
                channel.reply(request, 0);
            }
            return miss ? 1 : 0;
        }
    }

    private static void resolve(ProbeGuest guest, long page, long moved) {
        RamRegion region = regionOf(guest, page);
        if (region == null) {
            throw Stop.broken("misses for addresses of the guest only", "one for 0x" + Long.toHexString(page));
        }
        long into = page - region.guestAddress() + (region == guest.regions().getLast() ? moved : 0);
        if (into < region.byteLength()) {
            mustTell(guest, UPDATE, page, Setup.PAGE_BYTES, region.userAddress() + into);
        }
    }

    private static @Nullable RamRegion regionOf(ProbeGuest guest, long guestAddress) {
        return guest.regions().stream()
                .filter(region -> Long.compareUnsigned(guestAddress - region.guestAddress(), region.byteLength()) < 0)
                .findFirst()
                .orElse(null);
    }

    /** The last region's first page comes to mean its second page. */
    private static void moved(Trial trial) {
        ProbeGuest tested = guest(trial, TRANSLATED.withoutReceiveBuffers());
        tested.setFeatures();
        BackendChannel channel = trial.own(tested.frontEnd().openBackendChannel());
        tested.shareMemory();
        trial.whileWaiting(() -> answerMiss(tested, channel, 0));
        tellAll(tested);
        Pair pair = started(trial, tested);
        FramePath frames = tested.frames();
        RamRegion region = tested.regions().getLast();
        // Before, so that the device knows the old place.
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH, frame -> frames.offerAt(region.hostAddress(), frame));
        mustTell(tested, INVALIDATE, region.guestAddress(), region.byteLength(), region.userAddress());
        trial.whileWaiting(() -> answerMiss(tested, channel, Setup.PAGE_BYTES));
        mustTell(tested, UPDATE, region.guestAddress(), Setup.PAGE_BYTES, region.userAddress() + Setup.PAGE_BYTES);
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH, frame -> {
            frames.writeAt(region.hostAddress() + Setup.PAGE_BYTES, frame);
            frames.transmit()
                    .offer(List.of(Piece.readable(region.hostAddress(), frames.headerByteLength() + frame.length)));
        });
    }
}
