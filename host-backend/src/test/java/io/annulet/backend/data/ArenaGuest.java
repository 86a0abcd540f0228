package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.port.GuestPort;
import io.annulet.backend.port.GuestShard;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.Index16;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;

/**
 * A guest in plain memory of this process with one queue pair, for tests that step a worker by hand: its port, and its
 * driver's halves of the two rings. No socket, no front-end.
 */
final class ArenaGuest implements AutoCloseable {

    static final long GUEST_BASE = 0x4000_0000L;
    static final int BUFFER_BYTES = 2048;

    /** What a test varies. */
    record Shape(
            int ringSize,
            int headerBytes,
            boolean mergeable,
            boolean eventIndex,
            int receiveBufferBytes,
            int usable,
            int accepted) {
        static final Shape USUAL = new Shape(256, 12, true, false, BUFFER_BYTES);

        Shape(int ringSize, int headerBytes, boolean mergeable, boolean eventIndex, int receiveBufferBytes) {
            this(ringSize, headerBytes, mergeable, eventIndex, receiveBufferBytes, Offload.NONE, Offload.NONE);
        }

        /** With offloads that its driver may ask for, and that it takes. */
        Shape withOffloads(int usableOffloads, int acceptedOffloads) {
            return new Shape(
                    ringSize, headerBytes, mergeable, eventIndex, receiveBufferBytes, usableOffloads, acceptedOffloads);
        }
    }

    final Shape shape;
    final GuestShard port;
    final SplitDriverHalf receive;
    final SplitDriverHalf transmit;
    final EventFd receiveCall = EventFd.create(true, 0);
    final EventFd transmitCall = EventFd.create(true, 0);
    final EventFd kick = EventFd.create(true, 0);
    final List<RingFault> ringFaults = new ArrayList<>();
    boolean memoryIsWhole = true;
    CallPolicy calls = CallPolicy.OFF;
    int memoryLosses;

    private final Arena arena = Arena.ofShared();
    private final CountersManager counters;
    private final String name;
    private final MemorySegment ram;
    private final GuestMemory memory;
    private final long transmitAvailAddress;
    private long lastAvailAddress;
    private long nextFree;
    private final Map<Integer, Long> receiveBuffers = new TreeMap<>();

    ArenaGuest(String name, CountersManager counters, Shape shape) {
        this.shape = shape;
        this.name = name;
        this.counters = counters;
        long bytes = 8L << 20;
        this.ram = arena.allocate(bytes, 4096);
        this.memory = GuestMemory.of(List.of(new Region(GUEST_BASE, 0x7f00_0000_0000L, bytes, ram.address())));
        SplitRing receiveRing = newRing();
        SplitRing transmitRing = newRing();
        this.transmitAvailAddress = lastAvailAddress;
        RingFeatures features = new RingFeatures(shape.eventIndex(), true);
        this.receive = new SplitDriverHalf(receiveRing, features, 0);
        this.transmit = new SplitDriverHalf(transmitRing, features, 0);
        PortListener listener = new PortListener() {
            @Override
            public void onRingBroken(int queueIndex, RingFault fault) {
                ringFaults.add(fault);
            }

            @Override
            public void onMemoryLost(int epoch) {
                memoryLosses++;
            }
        };
        this.port = new GuestPort(name, 1, 0, List.of(new PortCounters(counters, name)), listener, () -> memoryIsWhole)
                .shard(0);
        this.receiveSetup = setup(0, receiveRing, features, receiveCall);
        this.transmitSetup = setup(1, transmitRing, features, transmitCall);
    }

    final QueueSetup receiveSetup;
    final QueueSetup transmitSetup;

    static CountersManager newCounters() {
        return new CountersManager(
                new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 21)),
                new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 19)));
    }

    private QueueSetup setup(int index, SplitRing ring, RingFeatures features, EventFd call) {
        int offloads = index == 0 ? shape.accepted() : shape.usable();
        return new QueueSetup(
                index,
                ring,
                memory,
                features,
                shape.headerBytes(),
                shape.mergeable(),
                offloads,
                0,
                true,
                kick,
                call,
                null);
    }

    private SplitRing newRing() {
        int size = shape.ringSize();
        long descriptors = host(allocate(SplitRing.descriptorTableBytes(size)));
        lastAvailAddress = host(allocate(SplitRing.availBytes(size)));
        return new SplitRing(descriptors, lastAvailAddress, host(allocate(SplitRing.usedBytes(size))), size);
    }

    /** Guest address of fresh memory, aligned to 64. */
    long allocate(long byteLength) {
        long at = nextFree;
        nextFree = (nextFree + byteLength + 63) & ~63L;
        if (nextFree > ram.byteSize()) {
            throw new IllegalStateException("the guest has no memory left");
        }
        return GUEST_BASE + at;
    }

    long host(long guestAddress) {
        return ram.address() + (guestAddress - GUEST_BASE);
    }

    void write(long guestAddress, byte[] bytes) {
        MemorySegment.copy(bytes, 0, ram, ValueLayout.JAVA_BYTE, guestAddress - GUEST_BASE, bytes.length);
    }

    byte[] read(long guestAddress, int byteLength) {
        return ram.asSlice(guestAddress - GUEST_BASE, byteLength).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Starts both rings, as WorkerProxy.openQueue would. */
    void open() {
        openReceiveAt(0);
        port.onOpenQueue(as(transmitSetup, 0));
    }

    /** Starts the receive ring where it stands, as after a stop. */
    void openReceiveAt(int base) {
        port.onOpenQueue(as(receiveSetup, base));
    }

    private QueueSetup as(QueueSetup setup, int base) {
        return new QueueSetup(
                setup.queueIndex(),
                setup.kind(),
                setup.ring(),
                memory,
                setup.ringFeatures(),
                setup.headerByteLength(),
                setup.mergeable(),
                setup.offloads(),
                base,
                true,
                setup.kick(),
                setup.call(),
                setup.error(),
                calls);
    }

    /** A driver that lies: publishes an available index far ahead. */
    void jumpAvailIndex(int steps) {
        int index = Index16.plus(transmit.publishedAvailIndex(), steps);
        HostMemory.storeShort(transmitAvailAddress + 2, index);
    }

    // The driver.

    /** Offers a frame with a plain header, cut into buffers at the given lengths (the last takes what is left). */
    int send(byte[] frame, int... pieces) {
        byte[] whole = new byte[shape.headerBytes() + frame.length];
        System.arraycopy(frame, 0, whole, shape.headerBytes(), frame.length);
        return sendRaw(whole, pieces);
    }

    /** Offers bytes as they are, header included. */
    int sendRaw(byte[] whole, int... pieces) {
        long at = allocate(whole.length + 64L);
        lastSent = at;
        write(at, whole);
        long[] addresses = new long[pieces.length + 1];
        int[] lengths = new int[pieces.length + 1];
        int done = 0;
        for (int i = 0; i < lengths.length; i++) {
            addresses[i] = at + done;
            lengths[i] = i < pieces.length ? pieces[i] : whole.length - done;
            done += lengths[i];
        }
        int head = transmit.offerChain(addresses, lengths, lengths.length, lengths.length);
        transmit.publishAvail();
        return head;
    }

    private long lastSent;

    /** Guest address of the bytes that were offered last. */
    long lastSentAddress() {
        return lastSent;
    }

    private long reusedBuffer;

    /** Like {@link #send} for one frame at a time, whose memory is used again; tells whether the device wants a kick. */
    boolean sendAndAskWhetherToKick(byte[] frame) {
        if (reusedBuffer == 0) {
            reusedBuffer = allocate(BUFFER_BYTES);
        }
        write(reusedBuffer, new byte[shape.headerBytes()]);
        write(reusedBuffer + shape.headerBytes(), frame);
        transmit.offer(reusedBuffer, shape.headerBytes() + frame.length, false);
        return transmit.publishAvail();
    }

    /** Offers receive buffers of the shape's size. */
    void offerReceiveBuffers(int count) {
        for (int i = 0; i < count; i++) {
            long at = allocate(shape.receiveBufferBytes());
            int head = receive.offer(at, shape.receiveBufferBytes(), true);
            receiveBuffers.put(head, at);
        }
        receive.publishAvail();
    }

    /** A frame as the driver received it. */
    static final class Received {
        final byte[] header;
        final byte[] frame;
        final int buffers;

        Received(byte[] header, byte[] frame, int buffers) {
            this.header = header;
            this.frame = frame;
            this.buffers = buffers;
        }
    }

    /** Takes one received frame, or null. */
    @Nullable
    Received receive() {
        int head = receive.takeUsed();
        if (head == SplitDriverHalf.NOTHING) {
            return null;
        }
        byte[] first = take(head);
        int buffers = shape.mergeable() ? (first[10] & 0xff) | (first[11] & 0xff) << 8 : 1;
        byte[] whole = first;
        for (int i = 1; i < buffers; i++) {
            byte[] more = take(receive.takeUsed());
            byte[] longer = Arrays.copyOf(whole, whole.length + more.length);
            System.arraycopy(more, 0, longer, whole.length, more.length);
            whole = longer;
        }
        return new Received(
                Arrays.copyOf(whole, shape.headerBytes()),
                Arrays.copyOfRange(whole, shape.headerBytes(), whole.length),
                buffers);
    }

    private byte[] take(int head) {
        Long at = receiveBuffers.remove(head);
        if (at == null) {
            throw new AssertionError("the device used head " + head + ", which was not offered");
        }
        return read(at, (int) receive.writtenByteLength());
    }

    long counter(String label) {
        long[] found = {-1};
        counters.forEach((value, id, text) -> {
            if (text.equals(name + " " + label)) {
                found[0] = value;
            }
        });
        if (found[0] < 0) {
            throw new IllegalArgumentException("no counter " + label);
        }
        return found[0];
    }

    /** A frame of {@code byteLength} whose bytes tell their position. */
    static byte[] frame(long destination, long source, int byteLength) {
        byte[] frame = new byte[byteLength];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (destination >> (40 - 8 * i));
            frame[6 + i] = (byte) (source >> (40 - 8 * i));
        }
        for (int i = 12; i < byteLength; i++) {
            frame[i] = (byte) (i * 31 + byteLength);
        }
        return frame;
    }

    @Override
    public void close() {
        receiveCall.close();
        transmitCall.close();
        kick.close();
        arena.close();
    }

    /** Bytes of guest memory of our own: nothing else may be mapped there. */
    static void poison(long hostAddress, long byteLength) {
        for (long i = 0; i < byteLength; i++) {
            HostMemory.storeByte(hostAddress + i, 0xa5);
        }
    }
}
