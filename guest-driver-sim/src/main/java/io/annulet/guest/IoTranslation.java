package io.annulet.guest;

import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.MessageLayout;
import java.nio.ByteBuffer;

/**
 * The IOMMU in front of a simulated device: I/O addresses are guest addresses, and a back-end knows only those that it
 * asked for, a piece at a time; owned by the guest's thread. From vhost-user, QEMU 10, "IOMMU support".
 */
public final class IoTranslation {

    private final VhostUserFrontEnd frontEnd;
    private final BackendChannel channel;
    private final GuestRam ram;
    private final long pieceByteLength;
    private long misses;
    private long failures;

    /** @param pieceByteLength how much one question is answered with, a multiple of the page size */
    IoTranslation(VhostUserFrontEnd frontEnd, BackendChannel channel, GuestRam ram, long pieceByteLength) {
        this.frontEnd = frontEnd;
        this.channel = channel;
        this.ram = ram;
        this.pieceByteLength = pieceByteLength;
    }

    /** Answers what the back-end asks, waiting for the first question only; returns how many there were. */
    public int serve(long timeoutNanos) {
        int served = 0;
        while (serveOne(served == 0 ? timeoutNanos : 0)) {
            served++;
        }
        return served;
    }

    private boolean serveOne(long timeoutNanos) {
        try (Message request = channel.receive(timeoutNanos)) {
            if (request == null) {
                return false;
            }
            boolean isDone = answer(request);
            if (request.needsReply()) {
                channel.reply(request, isDone ? MessageLayout.ACK_SUCCESS : 1);
            }
            return true;
        }
    }

    private boolean answer(Message request) {
        ByteBuffer payload = request.payload();
        if (request.request() != BackendRequest.IOTLB_MSG.id()
                || !BackendRequest.IOTLB_MSG.payload().accepts(payload.remaining())) {
            return false;
        }
        return switch (payload.get(MessageLayout.IOTLB_TYPE)) {
            case MessageLayout.IOTLB_MISS -> translate(payload.getLong(MessageLayout.IOTLB_IOVA));
            case MessageLayout.IOTLB_ACCESS_FAIL -> {
                failures++;
                yield true;
            }
            default -> false;
        };
    }

    private boolean translate(long ioAddress) {
        misses++;
        for (RamRegion region : ram.regions()) {
            if (region.holdsGuest(ioAddress)) {
                long into = (ioAddress - region.guestAddress()) / pieceByteLength * pieceByteLength;
                long byteLength = Math.min(pieceByteLength, region.byteLength() - into);
                new ExtensionMessages(frontEnd)
                        .updateTranslation(region.guestAddress() + into, byteLength, region.userAddress() + into);
                return true;
            }
        }
        failures++;
        return false;
    }

    /** Has the back-end forget everything: what it needs, it asks for again. */
    public void invalidateAll() {
        for (RamRegion region : ram.regions()) {
            new ExtensionMessages(frontEnd).invalidateTranslation(region.guestAddress(), region.byteLength());
        }
    }

    /** How often the back-end asked. */
    public long misses() {
        return misses;
    }

    /** How often it asked for what is not there, or said that it was refused. */
    public long failures() {
        return failures;
    }
}
