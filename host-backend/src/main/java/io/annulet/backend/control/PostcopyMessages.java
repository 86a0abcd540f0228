package io.annulet.backend.control;

import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.memory.Access;
import io.annulet.memory.IoTable;
import io.annulet.memory.Region;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * The messages of a guest that arrives before its memory, and what follows when pages of it have come; owned by the control
 * thread.
 *
 * <p>Meanwhile the device is one behind an IOMMU whose I/O addresses are guest addresses. What its table has are the pages
 * that are known to be there, and who is asked for others are threads that fetch them.
 */
final class PostcopyMessages {

    private final Device device;
    private final Rings rings;
    private final ControlLoop loop;
    private final PortLog log;
    private final Consumer<String> end;

    /** @param end ends the session for a reason */
    PostcopyMessages(Device device, Rings rings, ControlLoop loop, PortLog log, Consumer<String> end) {
        this.device = device;
        this.rings = rings;
        this.loop = loop;
        this.log = log;
        this.end = end;
    }

    Answer advise() {
        return new Answer.Reply(ByteBuffer.allocate(0), FileDescriptors.duplicate(device.postcopy.advise()));
    }

    Answer listen() {
        device.postcopy.listen(device.memory());
        device.iotlb.forget();
        device.iotlb.source(this::fetch);
        log.info("its guest arrives by post-copy: memory comes when it is needed");
        return Answer.DONE;
    }

    /** All memory is there: rings go on where they are, in all of it. */
    Answer end() {
        if (!device.postcopy.isListening()) {
            throw new MessageFault("without POSTCOPY_LISTEN");
        }
        device.postcopy.stop();
        return Answer.afterWorker(done -> rings.leave(loop, done), () -> {
            device.iotlb.source(null);
            device.iotlb.forget();
            device.postcopy.close();
            log.info("its guest has arrived; pages looked for before: " + device.postcopy.fetchedPages());
            return rings.goOnAll(() -> new Answer.Value(MessageLayout.ACK_SUCCESS));
        });
    }

    /**
     * What memory messages are answered with while memory may be missing: where faults of each region will be raised, in
     * the place of its user address.
     *
     * @param regions how many the message has
     * @param at where in its payload the first one is
     */
    static Answer told(Device device, Message message, int regions, int at, Answer prepared) {
        byte[] same = message.copyPayload((int) message.payloadByteLength());
        ByteBuffer payload = ByteBuffer.wrap(same).order(ByteOrder.nativeOrder());
        for (int i = 0; i < regions; i++) {
            int place = at + i * MessageLayout.REGION_BYTES;
            RegionRequest request = RegionRequest.read(message, place);
            for (MappedRegion region : device.memory().regions()) {
                if (region.request().equals(request)) {
                    payload.putLong(place + MessageLayout.REGION_USER_ADDRESS, device.postcopy.address(region));
                }
            }
        }
        device.postcopy.told(message.request() == VhostUserRequest.SET_MEM_TABLE);
        Answer reply = new Answer.Reply(payload, null);
        return prepared instanceof Answer.Pending pending ? Answer.afterWorker(pending.command(), () -> reply) : reply;
    }

    /**
     * Whether a message is the front-end's word that it knows where faults will be raised: a memory message without regions.
     * QEMU sends a zero with it, and repeats the kind of the last message about memory that it sent.
     */
    static boolean isAcknowledgement(Device device, Message message) {
        VhostUserRequest request = message.request();
        return device.postcopy.awaitsAcknowledgement()
                && (request == VhostUserRequest.SET_MEM_TABLE
                        || request == VhostUserRequest.ADD_MEM_REG
                        || request == VhostUserRequest.REM_MEM_REG)
                && (message.payloadByteLength() == 0 || message.payloadByteLength() == Long.BYTES)
                && message.fdCount() == 0
                && !message.hasBadFds();
    }

    /** The front-end waits for no answer to this. */
    Answer acknowledged(Message message) {
        if (message.payloadByteLength() != 0 && message.u64() != MessageLayout.ACK_SUCCESS) {
            throw new MessageFault("the front-end cannot be told of faults: " + message.u64());
        }
        device.postcopy.acknowledged();
        device.iotlb.source(this::fetch);
        return Answer.DONE;
    }

    /** Another message comes instead. */
    void goOnWithout(VhostUserRequest next) {
        boolean more = next == VhostUserRequest.ADD_MEM_REG || next == VhostUserRequest.REM_MEM_REG;
        if (device.postcopy.awaitsTable() || !more) {
            device.postcopy.skipAcknowledgement();
            device.iotlb.source(this::fetch);
        }
    }

    private boolean fetch(long guestAddress, int access) {
        MappedRegion region = device.memory().regionOfGuest(guestAddress);
        return region != null
                && device.postcopy.fetch(
                        region, guestAddress, result -> loop.execute(() -> onFetched(region, guestAddress, result)));
    }

    private void onFetched(MappedRegion region, long guestAddress, long result) {
        if (!device.postcopy.fetched(region, guestAddress)) {
            return;
        }
        if (result < 0) {
            log.warn("a page of its guest could not be brought (error " + -result + "): who needs it waits");
            return;
        }
        try {
            go(rings.goBy(withPresent(region, guestAddress), device.memory()));
        } catch (MessageFault | LinuxException fault) {
            end.accept(String.valueOf(fault.getMessage()));
        }
    }

    /** Nobody waits for workers here: they keep the order of what they are told. */
    private static void go(Answer answer) {
        if (answer instanceof Answer.Pending pending) {
            pending.command().accept(() -> {});
        }
    }

    /** The table with the page that came, and its neighbours as far as they are there too. */
    private IoTable withPresent(MappedRegion region, long guestAddress) {
        Region place = region.region();
        MappedRegion.Extent there = region.presentAround(guestAddress - place.guestAddress());
        long first = place.guestAddress() + there.offset();
        IoTable next = device.iotlb
                .table()
                .updated(
                        first,
                        there.byteLength(),
                        place.userAddress() + there.offset(),
                        Access.READ_WRITE,
                        device.memory().memory());
        return IotlbMessages.bounded(device, rings, next, first, there.byteLength());
    }
}
