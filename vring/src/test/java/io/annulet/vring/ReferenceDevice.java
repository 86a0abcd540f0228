package io.annulet.vring;

import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.TakenChain.Piece;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The device's half of a split ring in its plainest form, written from the specification to be compared with {@link
 * SplitDeviceHalf}: it allocates, looks at regions one after the other and reads guest memory byte by byte.
 */
final class ReferenceDevice {

    /** A rule that this reference gets wrong on purpose, to show that the comparison would notice. */
    enum Mistake {
        NONE,
        INDEX_MAY_JUMP_ONE_TOO_FAR,
        BORROWED_CHAINS_DO_NOT_COUNT,
        HEAD_MAY_BE_THE_SIZE,
        CHAIN_MUST_BE_ONE_SHORTER,
        TABLE_MAY_BE_ONE_LONGER,
        TABLE_MAY_HAVE_A_NEXT,
        ANY_ORDER_OF_BUFFERS,
        EMPTY_BUFFERS_MUST_BE_MAPPED,
        RANGES_MAY_WRAP,
        REGIONS_ARE_NOT_JOINED,
        EVENT_INDEX_IS_ONE_LATE
    }

    private record Descriptor(long address, long byteLength, int flags, int next) {
        boolean is(int flag) {
            return (flags & flag) != 0;
        }
    }

    /** Ends the walk of a chain that breaks its ring. */
    private static final class Broken extends Exception {
        private static final long serialVersionUID = 1;
        private final RingFault why;

        Broken(RingFault why) {
            super(why.name(), null, false, false);
            this.why = why;
        }
    }

    private final RawRing raw;
    private final RingFeatures features;
    private final List<Region> regions;
    private final Mistake mistake;
    private int taken;
    private int knownAvail;
    private int used;
    private int publishedUsed;
    RingFault fault = RingFault.NONE;

    ReferenceDevice(RawRing raw, RingFeatures features, int baseIndex, Mistake mistake) {
        this.raw = raw;
        this.features = features;
        this.regions = raw.memory().regions();
        this.mistake = mistake;
        this.taken = baseIndex;
        this.knownAvail = baseIndex;
        this.used = baseIndex;
        this.publishedUsed = baseIndex;
    }

    private boolean errs(Mistake candidate) {
        return mistake == candidate;
    }

    private static int u16(int value) {
        return value & 0xffff;
    }

    /** The chains that a burst gets which has this much room and is empty or not; none if the ring is broken. */
    List<TakenChain> take(int max, int roomForChains, int roomForSegments, boolean empty) {
        if (fault != RingFault.NONE) {
            return List.of();
        }
        if (u16(knownAvail - taken) < max) {
            int waiting = u16(raw.availIndex() - taken);
            int borrowed = errs(Mistake.BORROWED_CHAINS_DO_NOT_COUNT) ? 0 : u16(taken - publishedUsed);
            int allowed = raw.size() - borrowed + (errs(Mistake.INDEX_MAY_JUMP_ONE_TOO_FAR) ? 1 : 0);
            if (waiting > allowed) {
                fault = RingFault.AVAIL_INDEX_JUMP;
                return List.of();
            }
            knownAvail = raw.availIndex();
        }
        List<TakenChain> chains = new ArrayList<>();
        int room = roomForSegments;
        int wanted = Math.min(Math.min(u16(knownAvail - taken), max), roomForChains);
        for (int i = 0; i < wanted; i++) {
            TakenChain chain;
            try {
                chain = chain(raw.availHead(taken), room);
            } catch (Broken broken) {
                if (i > 0) {
                    break;
                }
                fault = broken.why;
                return List.of();
            }
            if (chain.fault() == ChainFault.TOO_MANY_SEGMENTS && (!empty || i > 0)) {
                break;
            }
            chains.add(chain);
            room -= chain.readable().size() + chain.writable().size();
            taken = u16(taken + 1);
        }
        return chains;
    }

    private TakenChain chain(int head, int room) throws Broken {
        int heads = raw.size() + (errs(Mistake.HEAD_MAY_BE_THE_SIZE) ? 1 : 0);
        if (head >= heads) {
            throw new Broken(RingFault.HEAD_OUT_OF_RANGE);
        }
        return buffers(head, walk(head), room);
    }

    private List<Descriptor> walk(int head) throws Broken {
        List<Descriptor> chain = new ArrayList<>();
        int longest = raw.size() - (errs(Mistake.CHAIN_MUST_BE_ONE_SHORTER) ? 1 : 0);
        long table = raw.descriptorTableGuestAddress();
        int entries = raw.size();
        boolean inTable = false;
        int entry = head;
        while (true) {
            Descriptor descriptor = descriptor(table + 16L * entry);
            if (descriptor.is(RawRing.INDIRECT)) {
                checkTable(descriptor, inTable, raw.size() - chain.size());
                inTable = true;
                table = descriptor.address();
                entries = (int) (descriptor.byteLength() / 16);
                entry = 0;
                continue;
            }
            chain.add(descriptor);
            if (!descriptor.is(RawRing.NEXT)) {
                return chain;
            }
            entry = descriptor.next();
            if (entry >= entries) {
                throw new Broken(RingFault.NEXT_OUT_OF_RANGE);
            }
            if (chain.size() >= longest) {
                throw new Broken(RingFault.CHAIN_TOO_LONG);
            }
        }
    }

    private void checkTable(Descriptor descriptor, boolean inTable, int longest) throws Broken {
        if (inTable) {
            throw new Broken(RingFault.INDIRECT_MISUSED);
        }
        if (!features.indirect()) {
            throw new Broken(RingFault.INDIRECT_NOT_ACKNOWLEDGED);
        }
        if (descriptor.is(RawRing.NEXT) && !errs(Mistake.TABLE_MAY_HAVE_A_NEXT)) {
            throw new Broken(RingFault.INDIRECT_MISUSED);
        }
        int allowed = longest + (errs(Mistake.TABLE_MAY_BE_ONE_LONGER) ? 1 : 0);
        long byteLength = descriptor.byteLength();
        if (byteLength == 0 || byteLength % 16 != 0 || byteLength / 16 > allowed || wraps(descriptor)) {
            throw new Broken(RingFault.BAD_INDIRECT_TABLE);
        }
    }

    private boolean wraps(Descriptor descriptor) {
        long last = descriptor.address() + descriptor.byteLength() - 1;
        return !errs(Mistake.RANGES_MAY_WRAP) && descriptor.address() < 0 && last >= 0;
    }

    private Descriptor descriptor(long guestAddress) throws Broken {
        long address = 0;
        long rest = 0;
        for (int i = 0; i < 8; i++) {
            address |= guestByte(guestAddress + i) << (8 * i);
            rest |= guestByte(guestAddress + 8 + i) << (8 * i);
        }
        return new Descriptor(address, rest & 0xffff_ffffL, u16((int) (rest >> 32)), u16((int) (rest >> 48)));
    }

    private long guestByte(long guestAddress) throws Broken {
        Region region = regionOf(guestAddress);
        if (region == null) {
            throw new Broken(RingFault.BAD_INDIRECT_TABLE);
        }
        return HostMemory.loadByte(region.hostAddress() + (guestAddress - region.guestAddress()));
    }

    private @Nullable Region regionOf(long guestAddress) {
        for (Region region : regions) {
            if (Long.compareUnsigned(guestAddress - region.guestAddress(), region.byteLength()) < 0) {
                return region;
            }
        }
        return null;
    }

    private TakenChain buffers(int head, List<Descriptor> chain, int room) {
        List<Piece> readable = new ArrayList<>();
        List<Piece> writable = new ArrayList<>();
        boolean sawWritable = false;
        for (Descriptor descriptor : chain) {
            boolean write = descriptor.is(RawRing.WRITE);
            if (sawWritable && !write && !errs(Mistake.ANY_ORDER_OF_BUFFERS)) {
                return TakenChain.faulty(head, ChainFault.READABLE_AFTER_WRITABLE);
            }
            sawWritable |= write;
            int left = room - readable.size() - writable.size();
            ChainFault wrong = pieces(descriptor, write ? writable : readable, left);
            if (wrong != ChainFault.NONE) {
                return TakenChain.faulty(head, wrong);
            }
        }
        return new TakenChain(head, ChainFault.NONE, readable, writable);
    }

    private ChainFault pieces(Descriptor buffer, List<Piece> into, int room) {
        if (buffer.byteLength() == 0) {
            boolean mapped = regionOf(buffer.address()) != null;
            return errs(Mistake.EMPTY_BUFFERS_MUST_BE_MAPPED) && !mapped
                    ? ChainFault.UNMAPPED_ADDRESS
                    : ChainFault.NONE;
        }
        if (buffer.byteLength() > Integer.MAX_VALUE) {
            return ChainFault.BUFFER_TOO_LONG;
        }
        if (wraps(buffer)) {
            return ChainFault.UNMAPPED_ADDRESS;
        }
        int pieces = 0;
        for (long done = 0; done < buffer.byteLength(); pieces++) {
            long at = buffer.address() + done;
            Region region = regionOf(at);
            if (region == null || (pieces > 0 && errs(Mistake.REGIONS_ARE_NOT_JOINED))) {
                return ChainFault.UNMAPPED_ADDRESS;
            }
            if (pieces == room) {
                return ChainFault.TOO_MANY_SEGMENTS;
            }
            long offset = at - region.guestAddress();
            long byteLength = Math.min(buffer.byteLength() - done, region.byteLength() - offset);
            into.add(new Piece(region.hostAddress() + offset, (int) byteLength));
            done += byteLength;
        }
        return ChainFault.NONE;
    }

    void untake(int count) {
        taken = u16(taken - count);
    }

    void giveBack() {
        used = u16(used + 1);
    }

    int used() {
        return used;
    }

    /** Chains that the driver has made available and not seen used. */
    int outstanding() {
        return u16(raw.availIndex() - publishedUsed);
    }

    int borrowed() {
        return u16(taken - used);
    }

    /** Publishes; returns whether the driver wants a call: element by element, as the specification tells it. */
    boolean publish() {
        boolean called = false;
        int event = u16(raw.usedEvent() + (errs(Mistake.EVENT_INDEX_IS_ONE_LATE) ? 1 : 0));
        boolean any = publishedUsed != used;
        for (int index = publishedUsed; index != used; index = u16(index + 1)) {
            called |= index == event;
        }
        publishedUsed = used;
        return any && (features.eventIndex() ? called : (raw.availFlags() & 1) == 0);
    }

    boolean isWaiting() {
        return fault == RingFault.NONE && raw.availIndex() != taken;
    }

    int takenIndex() {
        return taken;
    }
}
