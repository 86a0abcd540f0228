package io.annulet.guest.conform;

import io.annulet.linux.EventFd;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.SplitRing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The device's side of one split ring, written as plainly as the specification reads and for nothing but to be right, or
 * wrong in one way; used by the back-end's thread.
 */
final class ReferenceRing {

    private static final int INDEX = 2;
    private static final int ENTRIES = 4;
    private static final int PACKED_START = 0x8000_8000;

    final int index;
    private final Set<Flaw> flaws;
    private final ReferenceMemory memory;

    int size;
    long descriptors;
    long avail;
    long used;
    long logAddress;
    boolean logsUsed;
    boolean enabled;
    boolean wasToldEnabled;
    boolean started;
    boolean wasStarted;
    boolean startsByKick;
    boolean awake = true;
    boolean broken;
    int base;
    int baseCount;
    int stopCount;

    @Nullable
    EventFd kick;

    @Nullable
    EventFd call;

    @Nullable
    EventFd err;

    long features;

    /** Notes of what was taken, where the front-end keeps them. */
    Supplier<@Nullable ReferenceInflight> inflight = () -> null;

    /** Tells the driver by message, where that was agreed on. */
    Runnable callByMessage = () -> {};

    private @Nullable ReferencePackedLayout layout;
    private int usedIndex;
    private int publishedUsedIndex;
    private long givenBack;
    private long kicksSinceFrame;
    private long dueCalls;
    private final Deque<Taken> swapped = new ArrayDeque<>();

    /** A chain as the driver offered it. */
    static final class Taken {
        int head;
        final List<Element> elements = new ArrayList<>();
        boolean hasTable;
        int tableDescriptors;
        boolean valid = true;

        Taken(int head) {
            this.head = head;
        }

        int byteLength() {
            return elements.stream().mapToInt(Element::byteLength).sum();
        }
    }

    record Element(long guestAddress, int byteLength, boolean writable) {}

    ReferenceRing(int index, ReferenceMemory memory, Set<Flaw> flaws) {
        this.index = index;
        this.memory = memory;
        this.flaws = flaws;
    }

    private boolean has(Flaw flaw) {
        return flaws.contains(flaw);
    }

    boolean isTransmit() {
        return index % 2 == 1;
    }

    private boolean isPacked() {
        return (features & VirtioFeature.RING_PACKED) != 0;
    }

    private boolean eventIndex() {
        return (features & VirtioFeature.EVENT_IDX) != 0;
    }

    // State.

    void start() {
        if (has(Flaw.STOPS_FEW_TIMES) && stopCount > 6) {
            return;
        }
        if (has(Flaw.SKIPS_WHAT_CAME_WHILE_STOPPED) && wasStarted) {
            base = load16(avail + INDEX);
        }
        if (isPacked()) {
            boolean forgets = has(Flaw.PACKED_RESUMES_AT_START) && wasStarted;
            layout = new ReferencePackedLayout(this, memory, flaws, forgets ? PACKED_START : base);
            awake = !has(Flaw.PACKED_SLEEPS);
            started = true;
            wasStarted = true;
            return;
        }
        started = true;
        wasStarted = true;
        usedIndex = load16(used + INDEX);
        publishedUsedIndex = usedIndex;
        if (has(Flaw.SLEEPS_WITHOUT_ASKING_FOR_KICKS) && !eventIndex()) {
            store16(used, SplitRing.USED_FLAG_NO_NOTIFY);
            awake = false;
        }
        if (has(Flaw.STALE_AVAIL_EVENT) && eventIndex()) {
            store16(used + ENTRIES + 8L * size, base);
            awake = false;
        }
    }

    /** What GET_VRING_BASE tells. */
    int tellBase() {
        return layout != null && isPacked() ? layout.base() : base & 0xffff;
    }

    void stop() {
        stopCount++;
        started = has(Flaw.WORKS_STOPPED_RINGS) && started;
    }

    /** Whether the ring may be worked now. */
    boolean works() {
        if (startsByKick && kick != null && kick.drain() > 0) {
            startsByKick = false;
            start();
        }
        if (!started || broken || !sizeIsKnown() || memory.hostOfUser(used) == 0 || memory.hostOfUser(avail) == 0) {
            return false;
        }
        if ((has(Flaw.NEEDS_CALL_FD) && call == null)
                || (has(Flaw.NEEDS_ERR_FD) && err == null)
                || (has(Flaw.RING_WITHIN_ONE_REGION) && !memory.sameRegion(descriptors, used))) {
            return false;
        }
        return isAwake();
    }

    private boolean sizeIsKnown() {
        return size > 0
                && !(has(Flaw.AT_LEAST_TWO) && size < 2)
                && !(has(Flaw.AT_LEAST_FOUR) && size < 4)
                && !(has(Flaw.AT_LEAST_SIXTEEN) && size < 16)
                && !(has(Flaw.LESS_THAN_1024) && size >= 1024)
                && !(has(Flaw.LESS_THAN_32768) && size >= 32768)
                && !(has(Flaw.PACKED_POWERS_OF_TWO) && Integer.bitCount(size) != 1);
    }

    private boolean isAwake() {
        long kicks = kick == null ? 0 : kick.drain();
        if (has(Flaw.BREAKS_ON_SPURIOUS_KICKS) && !isPacked()) {
            // One a frame is no more than a driver owes: the frame may be gone before its kick is seen.
            kicksSinceFrame = waiting() == 0 ? kicksSinceFrame + kicks : 0;
            broken |= kicksSinceFrame > 16;
        }
        awake |= kicks > 0;
        return awake;
    }

    /** A flawed device sleeps when there is nothing left to do; this one never has to. */
    void rest() {
        boolean sleeps = (has(Flaw.PACKED_SLEEPS) && isPacked())
                || (has(Flaw.SLEEPS_WITHOUT_ASKING_FOR_KICKS) && !eventIndex())
                || (has(Flaw.STALE_AVAIL_EVENT) && eventIndex());
        awake = !sleeps;
    }

    // Memory of the ring.

    private int load16(long userAddress) {
        long host = memory.hostOfUser(userAddress);
        return host == 0 ? 0 : HostMemory.loadShortAcquire(host);
    }

    private void store16(long userAddress, int value) {
        long host = memory.hostOfUser(userAddress);
        if (host != 0) {
            HostMemory.storeShort(host, value);
        }
    }

    // Taking.

    /** How many chains wait. */
    private int waiting() {
        int availIndex = load16(avail + INDEX);
        if (has(Flaw.COUNTS_PAST_16_BITS)) {
            return availIndex - base;
        }
        int waiting = (availIndex - base) & 0xffff;
        if ((has(Flaw.HALF_A_RING_AT_A_TIME) && size >= 1024 && waiting > size / 2)
                || (has(Flaw.SIGNED_DISTANCE) && (short) waiting < 0)) {
            broken = true;
            return 0;
        }
        return waiting;
    }

    /** The next chain, or null if none waits. */
    @Nullable
    Taken take() {
        if (broken) {
            return null;
        }
        Taken held = swapped.poll();
        if (held != null) {
            return held;
        }
        Taken taken = next();
        boolean swaps = isTransmit() ? has(Flaw.TRANSMIT_OUT_OF_ORDER) : has(Flaw.RECEIVE_OUT_OF_ORDER);
        Taken second = swaps && taken != null ? next() : null;
        if (second != null && taken != null) {
            swapped.add(taken);
            return second;
        }
        return taken;
    }

    private @Nullable Taken next() {
        if (isPacked()) {
            return layout == null ? null : layout.next();
        }
        if (waiting() <= 0 || (base == 0xffff && stopsAtWrap())) {
            return null;
        }
        int head = load16(avail + ENTRIES + 2L * (base & (size - 1)));
        base = has(Flaw.COUNTS_PAST_16_BITS) ? base + 1 : (base + 1) & 0xffff;
        if (eventIndex() && !has(Flaw.STALE_AVAIL_EVENT)) {
            store16(used + ENTRIES + 8L * size, base);
        }
        ReferenceInflight notes = inflight.get();
        if (notes != null) {
            notes.taken(index, head);
        }
        Taken taken = new Taken(head);
        walk(taken, descriptorBytes(head), false);
        return taken;
    }

    private boolean stopsAtWrap() {
        return isTransmit() ? has(Flaw.STOPS_AT_WRAP) : has(Flaw.RECEIVE_STOPS_AT_WRAP);
    }

    private ByteBuffer descriptorBytes(int slot) {
        long host = memory.hostOfUser(descriptors + 16L * slot);
        return ByteBuffer.wrap(HostMemory.copyOut(host, 16)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void walk(Taken taken, ByteBuffer first, boolean inTable) {
        ByteBuffer descriptor = first;
        int count = 0;
        for (int i = 0; i < 2 * 32768; i++) {
            long address = descriptor.getLong(0);
            int length = descriptor.getInt(8);
            int flags = descriptor.getShort(12);
            int next = Short.toUnsignedInt(descriptor.getShort(14));
            if ((flags & SplitRing.FLAG_INDIRECT) != 0 && !inTable) {
                taken.valid &= !(has(Flaw.NO_MIXED_CHAINS) && i > 0);
                taken.valid &= !(has(Flaw.WRITE_FLAG_OF_TABLE) && (flags & SplitRing.FLAG_WRITE) != 0);
                taken.hasTable = true;
                taken.tableDescriptors = length / 16;
                walkTable(taken, address, length);
                return;
            }
            if (length == 0 && has(Flaw.STOPS_AT_EMPTY_DESCRIPTOR)) {
                broken = true;
            }
            taken.elements.add(new Element(address, length, (flags & SplitRing.FLAG_WRITE) != 0));
            count++;
            if ((flags & SplitRing.FLAG_NEXT) == 0) {
                break;
            }
            descriptor = descriptorBytes(next);
        }
        taken.valid &= !(has(Flaw.EIGHT_DESCRIPTORS) && isTransmit() && count > 8);
    }

    private void walkTable(Taken taken, long address, int byteLength) {
        byte[] table = memory.read(address, byteLength);
        if (table == null) {
            taken.valid = false;
            return;
        }
        ByteBuffer entries = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        while (true) {
            int flags = entries.getShort(16 * at + 12);
            taken.elements.add(new Element(
                    entries.getLong(16 * at), entries.getInt(16 * at + 8), (flags & SplitRing.FLAG_WRITE) != 0));
            if ((flags & SplitRing.FLAG_NEXT) == 0 || has(Flaw.FIRST_OF_TABLE_ONLY)) {
                return;
            }
            at = entries.getShort(16 * at + 14);
        }
    }

    void untake(int count) {
        if (layout != null && isPacked()) {
            layout.untake(count);
            return;
        }
        base = (base - count) & 0xffff;
    }

    // Giving back.

    void giveBack(int head, int writtenByteLength) {
        put(head, writtenByteLength);
        ReferenceInflight notes = inflight.get();
        if (notes != null) {
            notes.givenBack(index, head);
        }
        givenBack++;
        boolean twice = isTransmit() ? has(Flaw.USES_TWICE) : has(Flaw.USES_RECEIVE_TWICE);
        if (twice && givenBack % 50 == 0) {
            put(head, writtenByteLength);
        }
        if (has(Flaw.WRITES_DESCRIPTORS) && givenBack > 4) {
            store16(descriptors + 16L * head + 14, 7);
        }
        if (has(Flaw.WRITES_AVAILABLE_RING) && givenBack > 4) {
            store16(avail + ENTRIES + 2L * (size - 1), 7);
        }
    }

    private void put(int head, int writtenByteLength) {
        if (layout != null && isPacked()) {
            layout.put(head, writtenByteLength);
            return;
        }
        long entry = memory.hostOfUser(used + ENTRIES + 8L * (usedIndex & (size - 1)));
        HostMemory.storeLong(entry, (head & 0xffffffffL) | (long) writtenByteLength << 32);
        usedIndex = (usedIndex + 1) & 0xffff;
    }

    /** Shows the driver what was given back, and calls it if it wants that. */
    void publish() {
        if (layout != null && isPacked()) {
            if (layout.publish()) {
                signal();
            }
            return;
        }
        int before = publishedUsedIndex;
        if (before == usedIndex) {
            return;
        }
        HostMemory.releaseFence();
        store16(used + INDEX, usedIndex);
        publishedUsedIndex = usedIndex;
        ReferenceInflight notes = inflight.get();
        if (notes != null) {
            notes.used(index, usedIndex);
        }
        if (logsUsed && !has(Flaw.LOGS_NO_USED_RING)) {
            memory.log(logAddress, 4 + 8 * size);
        }
        if (has(Flaw.STRANGE_USED_FLAGS) && !eventIndex()) {
            store16(used, 4);
        }
        if (has(Flaw.USED_FLAG_WITH_EVENT_IDX) && eventIndex()) {
            store16(used, SplitRing.USED_FLAG_NO_NOTIFY);
        }
        HostMemory.fullFence();
        if (isDue(before) && !(has(Flaw.LOSES_SOME_CALLS) && ++dueCalls % 60 == 0)) {
            signal();
        }
    }

    private void signal() {
        if (call != null) {
            call.signal();
        } else {
            callByMessage.run();
        }
    }

    private boolean isDue(int before) {
        if (isTransmit() ? has(Flaw.NO_TRANSMIT_CALLS) : has(Flaw.NO_RECEIVE_CALLS)) {
            return false;
        }
        boolean noInterrupt = (load16(avail) & SplitRing.AVAIL_FLAG_NO_INTERRUPT) != 0;
        if (!eventIndex()) {
            return !noInterrupt || has(Flaw.IGNORES_NO_INTERRUPT);
        }
        if ((has(Flaw.NO_RECEIVE_EVENTS) && !isTransmit()) || (has(Flaw.FLAG_BEATS_EVENT) && noInterrupt)) {
            return false;
        }
        int event = load16(avail + ENTRIES + 2L * size);
        if (has(Flaw.COMPARES_EVENT_WITHOUT_WRAP)) {
            return event >= before && event < usedIndex;
        }
        int late = has(Flaw.EVENT_PASSED_BY_ONE) ? 1 : 0;
        boolean passed = ((usedIndex - event - 1 - late) & 0xffff) < ((usedIndex - before - late) & 0xffff);
        return has(Flaw.CALLS_BEFORE_EVENT) || passed;
    }

    /** What a stopped device may not do. */
    void misbehaveWhenStopped() {
        if (started || !wasStarted) {
            return;
        }
        if (has(Flaw.WRITES_WHEN_STOPPED)) {
            store16(used, SplitRing.USED_FLAG_NO_NOTIFY);
        }
        if (has(Flaw.CALLS_WHEN_STOPPED) && call != null) {
            call.signal();
        }
    }

    void close() {
        if (kick != null) {
            kick.close();
        }
        if (call != null) {
            call.close();
        }
        if (err != null) {
            err.close();
        }
    }
}
