package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.TransmitQueue;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.linux.Pages;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A port whose frames a test writes and reads; owned by the thread that steps the worker. It sends from a transmit queue
 * in a memory file, as a guest does, in as many buffers as the test wants, and keeps a copy of what is sent to it.
 */
public final class ScriptedPort implements Port, AutoCloseable {

    private static final int HEADER_BYTES = 12;
    private static final int RING_SIZE = 2048;
    private static final long RING_BYTES = 64 * 1024;
    private static final long MEMORY_BYTES = 4 << 20;
    private static final long GUEST_BASE = 0x1_0000_0000L;

    public final List<byte[]> received = new ArrayList<>();
    final Set<Integer> receivedFlows = new TreeSet<>();

    final List<byte[]> receivedHeaders = new ArrayList<>();

    private final String name;

    /** Offloads that the driver takes. */
    int accepted;

    private final PortCounters counters;
    private final Fd file = Memfd.create("scripted-port", MEMORY_BYTES, false);
    private final Mapping memory = Mapping.map(file, 0, MEMORY_BYTES, Mapping.Protection.READ_WRITE);
    private final SplitDriverHalf driver;
    private final TransmitQueue queue;
    private long nextFree = RING_BYTES;

    public ScriptedPort(String name, PortCounters counters) {
        this(name, counters, Offload.NONE);
    }

    /** One whose driver may ask for {@code usable} offloads. */
    public ScriptedPort(String name, PortCounters counters, int usable) {
        this.name = name;
        this.counters = counters;
        long at = memory.address();
        SplitRing ring = new SplitRing(at, at + 32 * 1024, at + 40 * 1024, RING_SIZE);
        RingFeatures features = new RingFeatures(false, false);
        GuestMemory table = GuestMemory.of(List.of(new Region(GUEST_BASE, GUEST_BASE, MEMORY_BYTES, at)));
        this.driver = new SplitDriverHalf(ring, features, 0);
        this.queue = new TransmitQueue(
                new QueueSetup(1, ring, table, features, HEADER_BYTES, false, usable, 0, true, null, null, null),
                counters,
                new PortListener() {
                    @Override
                    public void onRingBroken(int queueIndex, RingFault fault) {
                        throw new AssertionError("the scripted ring broke: " + fault);
                    }

                    @Override
                    public void onMemoryLost(int epoch) {}
                });
    }

    /** Offers a frame with a plain header, cut into buffers of these lengths and a last one with what is left. */
    public void send(byte[] frame, int... bufferByteLengths) {
        send(new byte[HEADER_BYTES], frame, bufferByteLengths);
    }

    /** As {@link #send(byte[], int...)}, with a header that may ask for something. */
    public void send(byte[] header, byte[] frame, int... bufferByteLengths) {
        byte[] bytes = new byte[HEADER_BYTES + frame.length];
        System.arraycopy(header, 0, bytes, 0, HEADER_BYTES);
        System.arraycopy(frame, 0, bytes, HEADER_BYTES, frame.length);
        int count = bufferByteLengths.length + 1;
        long[] addresses = new long[count];
        int[] lengths = new int[count];
        int done = 0;
        for (int i = 0; i < count; i++) {
            lengths[i] = i < bufferByteLengths.length ? bufferByteLengths[i] : bytes.length - done;
            addresses[i] = GUEST_BASE + put(bytes, done, lengths[i]);
            done += lengths[i];
        }
        if (driver.offerChain(addresses, lengths, count, count) == SplitDriverHalf.FULL) {
            throw new IllegalStateException("the scripted ring is full");
        }
        driver.publishAvail();
    }

    /** Copies bytes to a place of their own, with a gap behind the last one; returns its offset. */
    private long put(byte[] bytes, int from, int byteLength) {
        long offset = nextFree;
        for (int i = 0; i < byteLength; i++) {
            HostMemory.storeByte(memory.address() + offset + i, bytes[from + i]);
        }
        nextFree += byteLength + 77;
        return offset;
    }

    /** The guest's memory, to be registered for an XDP socket. */
    XdpRegion region() {
        long pageBytes = Pages.byteLength();
        return new XdpRegion(
                memory.address(), MEMORY_BYTES, FileDescriptors.duplicate(file), 0, MEMORY_BYTES, 0, pageBytes);
    }

    /** The guest writes over the frame that it will send first of those after {@link #forgetSent}, or has. */
    void overwriteFirst(byte value, int byteLength) {
        for (int i = 0; i < byteLength; i++) {
            HostMemory.storeByte(memory.address() + RING_BYTES + i, value);
        }
    }

    /** Has everything returned that is lent, as before the queue is closed. */
    void recall() {
        queue.recall();
    }

    /** Begins to write frames where the first one was, once all have been given back. */
    public void forgetSent() {
        if (driver.outstanding() != 0) {
            throw new IllegalStateException(driver.outstanding() + " frames are not given back yet");
        }
        nextFree = RING_BYTES;
    }

    /** Cuts the memory off behind the ring, as a front-end can do at any moment. */
    void truncate() {
        FileDescriptors.truncate(file, RING_BYTES);
    }

    /** Frames sent and given back since the last call. */
    public int takeSent() {
        int count = 0;
        while (driver.takeUsed() >= 0) {
            count++;
        }
        return count;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {}

    @Override
    public void detached() {}

    @Override
    public int pull(FrameBurst burst) {
        if (queue.hasReturned()) {
            queue.giveBackReturned();
        }
        return queue.pull(burst);
    }

    @Override
    public void finish(FrameBurst burst) {
        queue.finish(burst);
    }

    @Override
    public int accepts() {
        return accepted;
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        receivedFlows.add(burst.flow());
        for (int i = 0; i < frames.count(); i++) {
            receivedHeaders.add(HostMemory.copyOut(burst.snapshotAddress(frames.frame(i)), HEADER_BYTES));
            received.add(bytesOf(burst, frames.frame(i)));
        }
    }

    /** A copy of a frame, from its snapshot and its buffers. */
    static byte[] bytesOf(FrameBurst burst, int frame) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        append(bytes, burst.snapshotAddress(frame) + HEADER_BYTES, burst.snapshotFrameBytes(frame));
        int offset = burst.restOffset(frame);
        for (int i = burst.restSegment(frame); bytes.size() < burst.frameByteLength(frame); i++) {
            long at = burst.chains().segmentAddress(i) + offset;
            append(bytes, at, burst.chains().segmentByteLength(i) - offset);
            offset = 0;
        }
        return bytes.toByteArray();
    }

    private static void append(ByteArrayOutputStream bytes, long address, int byteLength) {
        for (int i = 0; i < byteLength; i++) {
            bytes.write(HostMemory.loadByte(address + i));
        }
    }

    @Override
    public boolean awaitWork() {
        return false;
    }

    @Override
    public void stopAwaiting() {}

    @Override
    public boolean recoverFromMemoryLoss() {
        return true;
    }

    @Override
    public void memoryLost() {}

    @Override
    public void close() {
        memory.close();
        file.close();
    }
}
