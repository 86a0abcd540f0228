package io.annulet.backend.control;

import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.RingRecord;
import io.annulet.memory.HostMemory;
import io.annulet.vring.PackedRing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The records of one port's rings, in a file that outlives this process; owned by the control thread, but for each record
 * the worker that has its ring.
 *
 * <pre>
 *    0        8         12             16                4,096           4,096 + 128
 *    | magic  | version | path's bytes | socket's path   | ring 0        | ring 1 ... | notes of ring 0 | ...
 *
 *    ring: | started 8 | identity 32 | 24 unused | {@link RingRecord} 64 |
 * </pre>
 *
 * <p>A record counts from when its ring starts until the front-end stops it, and so has been told where it stands. If the
 * ring starts again without that, it was left by a session or a process that died, and goes on as its record tells.
 */
final class RingRecords implements AutoCloseable {

    static final int HEADER_BYTES = 4096;
    static final int RING_BYTES = 2 * RingRecord.BYTES;

    private static final int STARTED = 0;
    private static final int IDENTITY = 8;
    private static final long IS_STARTED = 1;
    private static final long IS_ENABLED = 2;

    private final StateFolder folder;
    private final long portKey;
    private final @Nullable FileChannel channel;
    private final MemorySegment memory;
    private final RingRecord[] records;

    /** What was left behind of each ring. */
    private final long[] left;

    /** Of a file, which stays locked as long as {@code channel} is open. */
    RingRecords(StateFolder folder, long portKey, @Nullable FileChannel channel, MemorySegment memory, int rings) {
        this.folder = folder;
        this.portKey = portKey;
        this.channel = channel;
        this.memory = memory;
        this.records = new RingRecord[rings];
        this.left = new long[rings];
        for (int i = 0; i < rings; i++) {
            long notes = address(rings) + (long) RingRecord.NOTES_BYTES * i;
            records[i] = new RingRecord(address(i) + RingRecord.BYTES, notes, portKey, i);
            left[i] = HostMemory.loadLong(address(i) + STARTED);
        }
    }

    /** Of rings that nothing outlives. */
    static RingRecords none() {
        return new RingRecords(StateFolder.none(), 0, null, MemorySegment.NULL, 0);
    }

    private long address(int ring) {
        return HostMemory.addressOf(memory) + HEADER_BYTES + (long) RING_BYTES * ring;
    }

    /** A ring is about to start: where it goes on, and what the worker notes from now on. */
    QueueSetup onStart(QueueSetup setup, MemoryTable table) {
        int index = setup.queueIndex();
        if (index >= records.length) {
            return setup;
        }
        RingRecord record = records[index];
        long at = address(index);
        RingIdentity identity =
                RingIdentity.of(setup.ring(), table.regionAt(setup.ring().descriptorsAddress()));
        boolean isLeft = isStarted(index) && RingIdentity.load(at + IDENTITY).equals(identity);
        if (setup.isNotedEarlier() && !record.isAt(setup.base() & 0xffff)) {
            isLeft = false; // another back-end has worked the ring since
        }
        int position = isLeft && !setup.isNotedEarlier() && setup.ring() instanceof PackedRing ring
                ? goOn(ring, table, record, setup.base())
                : setup.base() & 0xffff;
        boolean isHeld = !folder.hold().isOver();
        int told = isLeft ? 0 : setup.passedChains();
        int passed = isLeft && !isHeld ? passedChains(record, position) : told;
        folder.found(portKey, index, position);
        HostMemory.storeLong(at + STARTED, 0);
        HostMemory.releaseFence();
        identity.store(at + IDENTITY);
        if (!isLeft || position != record.to()) {
            record.start(position); // else the worker makes the last publication, if that is still to be done
        }
        if (!isLeft || (passed == 0 && !isHeld)) {
            record.forgetIntent();
        }
        HostMemory.releaseFence();
        HostMemory.storeLong(at + STARTED, IS_STARTED | (setup.enabled() ? IS_ENABLED : 0));
        return setup.recorded(record, position, passed);
    }

    /** A ring goes on that another process, or this one, has left whole: all that was taken has been given back. */
    QueueSetup onGoOn(QueueSetup setup, MemoryTable table) {
        int index = setup.queueIndex();
        if (index >= records.length) {
            return setup;
        }
        long at = address(index);
        int position = setup.base() & 0xffff;
        HostMemory.storeLong(at + STARTED, 0);
        HostMemory.releaseFence();
        RingIdentity.of(setup.ring(), table.regionAt(setup.ring().descriptorsAddress()))
                .store(at + IDENTITY);
        records[index].start(position);
        records[index].forgetIntent();
        HostMemory.releaseFence();
        HostMemory.storeLong(at + STARTED, IS_STARTED | (setup.enabled() ? IS_ENABLED : 0));
        return setup.recorded(records[index], position, 0);
    }

    /** The position of a packed ring whose device left it: the ring tells whether the last publication was made. */
    private static int goOn(PackedRing ring, MemoryTable table, RingRecord record, int base) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(PackedRing.descriptorRingBytes(ring.size()), 16);
            PackedRing copy = new PackedRing(
                    HostMemory.addressOf(bytes), HostMemory.addressOf(bytes), HostMemory.addressOf(bytes), ring.size());
            if (!table.read(ring.descriptorsAddress(), bytes)) {
                throw new MessageFault("the memory of a ring is gone");
            }
            if (!copy.isWorked()) {
                return base & 0xffff;
            }
            boolean isMade = record.from() == record.to() || !copy.isAvailableAt(record.from());
            return isMade || record.hasNotes() ? record.to() : record.from();
        }
    }

    /**
     * How many chains, from where the ring goes on, were passed on already. If the receiver's ring was not looked at yet, they
     * count as passed on: rather is a burst lost than sent twice.
     */
    private int passedChains(RingRecord record, int position) {
        int chains = record.intendedChains(position);
        if (chains == 0 || !record.isIntendedForRing()) {
            return chains;
        }
        Integer receiver = folder.firstPosition(record.receiverKey(), record.receiverQueue());
        return receiver != null && receiver == record.receiverFrom()
                ? Math.min(record.surelyPassedChains(), chains)
                : chains;
    }

    /** The front-end has stopped a ring, and been told where it stands: the next start is as the front-end says. */
    void onStop(int index) {
        if (index < records.length) {
            HostMemory.storeLong(address(index) + STARTED, 0);
        }
    }

    /** A ring that runs was enabled or disabled. */
    void onEnable(int index, boolean enabled) {
        if (index < records.length && isStarted(index)) {
            HostMemory.storeLong(address(index) + STARTED, IS_STARTED | (enabled ? IS_ENABLED : 0));
        }
    }

    private boolean isStarted(int index) {
        return (HostMemory.loadLong(address(index) + STARTED) & IS_STARTED) != 0;
    }

    private boolean isAnyStarted() {
        return IntStream.range(0, records.length).anyMatch(this::isStarted);
    }

    /** Whether a process before this one left rings behind that a front-end counts on. */
    boolean isAnyLeft() {
        return LongStream.of(left).anyMatch(state -> (state & IS_STARTED) != 0);
    }

    /** Whether the rings that were left behind run again as they did. */
    boolean isBack(List<VringConfig> vrings) {
        for (VringConfig vring : vrings) {
            long before = vring.index() < left.length ? left[vring.index()] : 0;
            boolean lacksStart = (before & IS_STARTED) != 0 && !vring.isStarted();
            boolean lacksEnable = (before & IS_ENABLED) != 0 && !vring.isEnableWished();
            if (lacksStart || lacksEnable) {
                return false;
            }
        }
        return true;
    }

    /** How many chains of each ring, from where it goes on, were passed on by the process before, as far as can be told. */
    int[] passedChains() {
        return Arrays.stream(records)
                .mapToInt(record -> passedChains(record, record.to()))
                .toArray();
    }

    /** Lets go of the file; no worker has any of the rings. It stays if a front-end counts on being served again. */
    @Override
    public void close() {
        if (channel != null && channel.isOpen() && !isAnyStarted()) {
            folder.remove(portKey);
        }
        leave();
    }

    /** Lets go of the file for the process that goes on with it; no worker has any of the rings. */
    void leave() {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
