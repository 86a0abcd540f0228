package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.BackendChannel;
import io.annulet.guest.ExtensionMessages;
import io.annulet.guest.GuestRam;
import io.annulet.guest.NetHeaderLayout;
import io.annulet.guest.RamRegion;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.journey.PacedTraffic;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A guest that breaks rules: it is brought up as any other, and then writes its rings and says its messages by hand. Used
 * by one thread.
 */
final class Villain implements AutoCloseable {

    static final long MAC = PacedTraffic.mac(0xbad);
    private static final int PROOF_BYTES = 200;

    private final Yard yard;
    private final VillainOptions options;
    final VhostUserFrontEnd frontEnd;
    final GuestRam ram;
    final VillainMemory memory;
    final List<VillainQueue> queues = new ArrayList<>();
    private final @Nullable VillainQueue control;
    private @Nullable BackendChannel channel;
    private long features;
    private boolean over;
    private boolean memoryIsGone;

    private Villain(Yard yard, VhostUserFrontEnd frontEnd, VillainOptions options) {
        this.yard = yard;
        this.frontEnd = frontEnd;
        this.options = options;
        this.ram = GuestRam.create(options.ram());
        this.memory = new VillainMemory(ram);
        for (int i = 0; i < 2 * options.queuePairs(); i++) {
            queues.add(new VillainQueue(ram, memory, i, options));
        }
        boolean commands = (options.features() & VirtioFeature.NET_CTRL_VQ) != 0;
        this.control = commands ? new VillainQueue(ram, memory, 2 * options.queuePairs(), options) : null;
    }

    static Villain attach(Yard yard, VhostUserFrontEnd frontEnd, VillainOptions options) {
        Villain villain = new Villain(yard, frontEnd, options);
        boolean done = false;
        try {
            villain.negotiate();
            villain.frontEnd.setMemTable(villain.ram.regions());
            villain.all().forEach(villain::start);
            done = true;
            return villain;
        } finally {
            if (!done) {
                villain.close();
            }
        }
    }

    /** With the control queue, if it has one. */
    private List<VillainQueue> all() {
        List<VillainQueue> all = new ArrayList<>(queues);
        if (control != null) {
            all.add(control);
        }
        return all;
    }

    VillainQueue control() {
        if (control == null) {
            throw new IllegalStateException("no control queue was asked for");
        }
        return control;
    }

    private void negotiate() {
        features = frontEnd.getFeatures() & options.features();
        if (has(VirtioFeature.PROTOCOL_FEATURES)) {
            frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & options.protocolFeatures());
        }
        frontEnd.setOwner();
        frontEnd.setFeatures(features);
        if (has(VirtioFeature.ACCESS_PLATFORM)) {
            channel = frontEnd.openBackendChannel();
        }
    }

    /** Where the back-end asks what it does not know of I/O addresses. */
    BackendChannel channel() {
        return Objects.requireNonNull(channel, "no IOMMU was asked for");
    }

    /** Behind an IOMMU: I/O addresses are the guest's, and all of them are told. */
    void tellAll() {
        ExtensionMessages messages = new ExtensionMessages(frontEnd);
        for (RamRegion region : ram.regions()) {
            messages.updateTranslation(region.guestAddress(), region.byteLength(), region.userAddress());
        }
    }

    boolean has(long feature) {
        return (features & feature) != 0;
    }

    long features() {
        return features;
    }

    /** Tells all about a queue, starts it and enables it. */
    void start(VillainQueue queue) {
        describe(queue);
        if (has(VirtioFeature.ACCESS_PLATFORM)) {
            tellAll();
        }
        frontEnd.setVringErr(queue.index, queue.err.fd());
        frontEnd.setVringCall(queue.index, queue.call.fd());
        frontEnd.setVringKick(queue.index, queue.kick.fd());
        if (has(VirtioFeature.PROTOCOL_FEATURES)) {
            frontEnd.setVringEnable(queue.index, true);
        } else {
            frontEnd.getFeatures();
        }
    }

    void describe(VillainQueue queue) {
        frontEnd.setVringNum(queue.index, queue.size());
        frontEnd.setVringBase(queue.index, queue.firstBase());
        if (has(VirtioFeature.ACCESS_PLATFORM)) {
            frontEnd.setVringAddress(
                    queue.index,
                    ram.guestAddressOf(queue.ring.descriptorHostAddress()),
                    ram.guestAddressOf(queue.ring.usedHostAddress()),
                    ram.guestAddressOf(queue.ring.availHostAddress()));
        } else {
            frontEnd.setVringAddress(queue.index, queue.ring);
        }
    }

    VillainQueue receive() {
        return queues.get(0);
    }

    VillainQueue transmit() {
        return queues.get(1);
    }

    boolean speaksAcks() {
        return ProtocolFeature.REPLY_ACK.in(frontEnd.protocolFeatures());
    }

    // Buffers.

    /** Bytes of the header in front of each frame, under the features that were agreed on. */
    int headerBytes() {
        return NetHeaderLayout.byteLength(features);
    }

    /** The guest address of a header that asks for nothing and a frame to everybody. */
    long frameBuffer(byte[] frame) {
        return memory.readable(Frames.behind(new byte[headerBytes()], frame));
    }

    /**
     * The guest address of an indirect table.
     *
     * @param entries address, length, flags and next of each
     */
    long table(long[]... entries) {
        return memory.readable(tableBytes(entries));
    }

    static byte[] tableBytes(long[]... entries) {
        ByteBuffer bytes = ByteBuffer.allocate(16 * entries.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long[] entry : entries) {
            bytes.putLong(entry[0])
                    .putInt((int) entry[1])
                    .putShort((short) entry[2])
                    .putShort((short) entry[3]);
        }
        return bytes.array();
    }

    /** Sends a frame in the next descriptor slot, which the bystander has to get. */
    void sendGood(int slot) {
        yard.drainBystander();
        byte[] frame = Frames.toAll(PROOF_BYTES, slot);
        transmit().offerBuffer(slot, frameBuffer(frame), headerBytes() + frame.length, 0);
        yard.awaitAtBystander(frame);
    }

    // The end.

    /** The back-end has to close the connection, and says nothing more. */
    void awaitClosed() {
        assertTrue(frontEnd.awaitClosed(Trial.LIMIT.toNanos()), "the session goes on");
        over = true;
    }

    /** Goes without a word. */
    void leave() {
        frontEnd.close();
        over = true;
    }

    /** There is nothing to prove on this connection any more: it stays as it is until the end. */
    void isDone() {
        over = true;
    }

    boolean isOver() {
        return over;
    }

    /** Its own view of its memory goes; the file stays. */
    void unmap() {
        ram.close();
    }

    /** Its own memory is not to be looked at any more. */
    void memoryIsGone() {
        memoryIsGone = true;
    }

    /** What broke goes on working once it was set up afresh: every queue is, and a frame goes each way. */
    void proveItWorksAgain() {
        if (over) {
            return;
        }
        for (VillainQueue queue : all()) {
            frontEnd.getVringBase(queue.index);
            queue.clear();
            start(queue);
        }
        sendGood(0);
        transmit().awaitUsed(1);
        byte[] frame = Frames.of(MAC, PacedTraffic.mac(0xb), PROOF_BYTES, 1);
        int length = headerBytes() + frame.length;
        List<Long> buffers = new ArrayList<>();
        for (int i = 0; i < queues.size(); i += 2) {
            long buffer = memory.writable(2048);
            buffers.add(buffer);
            queues.get(i).offerBuffer(0, buffer, 2048, VillainQueue.WRITE);
        }
        yard.sendFromBystander(frame);
        // On which queue it comes in is up to the back-end.
        int at = yard.await("the frame comes in", () -> arrivedOn());
        queues.get(2 * at).assertUsed(0, 0, length);
        byte[] received = memory.read(buffers.get(at), length);
        assertArrayEquals(frame, Arrays.copyOfRange(received, headerBytes(), length));
    }

    private int arrivedOn() {
        for (int pair = 0; pair < queues.size() / 2; pair++) {
            VillainQueue queue = queues.get(2 * pair);
            if (options.isPacked() ? queue.isUsed(0) : queue.usedCount() > 0) {
                return pair;
            }
        }
        return -1;
    }

    void assertMemoryIntact() {
        if (!memoryIsGone) {
            memory.assertIntact();
        }
    }

    @Override
    public void close() {
        frontEnd.close();
        if (channel != null) {
            channel.close();
        }
        all().forEach(VillainQueue::close);
        ram.close();
    }
}
