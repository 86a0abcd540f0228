package io.annulet.vfio;

import static io.annulet.vfio.E1000eRegisters.*;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The driver of Intel's 82574L, with one queue each way; owned by its worker.
 *
 * <p>The rings are the only memory that this NIC writes back: a descriptor's second half, of which one bit says that it is
 * done. The order is the ring's, so the NIC cannot claim what it was not given. The worst that a NIC that lies can do is to
 * say "done" too early; then the sender's buffer is given back while it is read, and reading is all that it may do.
 */
final class E1000e implements Nic {

    private static final int TRANSMIT_SIZE = 512;
    private static final int RECEIVE_SIZE = 256;

    /** A page: an emulated NIC maps a piece in one go, and pages in a row need not be so behind the IOMMU. */
    private static final int PIECE_BYTES = 4096;

    private static final int MAX_PIECES = 24;
    private static final int MAX_TSO_BYTES = 65_535;
    private static final int MAX_MTU = 9_000;
    private static final int RESET_LOOKS = 1_000_000;

    // Bits of an extended transmit descriptor's second half.
    private static final long END_OF_FRAME = 1L << 24;
    private static final long INSERT_CRC = 1L << 25;
    private static final long CUT = 1L << 26;
    private static final long REPORT = 1L << 27;
    private static final long EXTENDED = 1L << 29;
    private static final long DATA = 1L << 20;
    private static final long INSERT_IP_CHECKSUM = 1L << 40;
    private static final long INSERT_CHECKSUM = 1L << 41;
    private static final long DONE_TRANSMIT = 1L << 32;

    // Bits of a context descriptor's second half.
    private static final long CONTEXT_TCP = 1L << 24;
    private static final long CONTEXT_IPV4 = 1L << 25;

    // Fields of a received descriptor's second half.
    private static final int STATUS_SHIFT = 32;
    private static final int RECEIVED_END = 2;
    private static final int ERRORS_SHIFT = 40;

    /** CRC, symbol, sequence and data errors; not those of checksums, which are the frame's own. */
    private static final int DAMAGED = 0x97;

    private final Registers registers;
    private final PciConfig config;
    private final E1000eRing transmitRing;
    private final E1000eRing receiveRing;
    private final int receiveBytes;
    private final boolean hasLine;
    private final long causesOfFrames;
    private final long otherCauses;

    /** For the last descriptor of a frame its token. */
    private final int[] transmitTokens = new int[TRANSMIT_SIZE];

    /** The last descriptor of each frame in flight, in order. */
    private final int[] lasts = new int[TRANSMIT_SIZE];

    private int firstLast;
    private int lastCount;
    private final int[] receiveTokens = new int[RECEIVE_SIZE];
    private int receivedBytes;
    private long mac;
    private NicFilter filter = NicFilter.EVERYTHING;
    private boolean started;

    /** @param receiveBytes of each receive buffer: 2048, 4096, 8192 or 16384 */
    E1000e(Registers registers, PciConfig config, NicMemory memory, int receiveBytes, Interrupts interrupts) {
        this.registers = registers;
        this.config = config;
        this.receiveBytes = receiveBytes;
        this.hasLine = interrupts == Interrupts.LINE;
        this.causesOfFrames = hasLine ? CAUSE_RECEIVED | CAUSE_SENT : CAUSE_RECEIVE_QUEUE | CAUSE_TRANSMIT_QUEUE;
        this.otherCauses = hasLine ? CAUSE_LINK : CAUSE_OTHER | CAUSE_LINK;
        this.transmitRing =
                new E1000eRing(memory.both().take(E1000eRing.byteLength(TRANSMIT_SIZE), 128), TRANSMIT_SIZE);
        this.receiveRing = new E1000eRing(memory.both().take(E1000eRing.byteLength(RECEIVE_SIZE), 128), RECEIVE_SIZE);
        this.mac = readMac();
    }

    /** Bytes of rings. */
    static long ringBytes() {
        return (long) E1000eRing.byteLength(TRANSMIT_SIZE) + E1000eRing.byteLength(RECEIVE_SIZE) + 256;
    }

    private long readMac() {
        return registers.loadInt(RAL0) | (registers.loadInt(RAH0) & 0xffff) << 32;
    }

    @Override
    public NicLimits limits() {
        return new NicLimits(
                "e1000e",
                0,
                TRANSMIT_SIZE,
                RECEIVE_SIZE - 1,
                MAX_PIECES,
                PIECE_BYTES,
                Math.min(MAX_MTU, receiveBytes - 18),
                true,
                true,
                true,
                MAX_TSO_BYTES,
                RECEIVE_ADDRESSES);
    }

    @Override
    public long macAddress() {
        return mac;
    }

    @Override
    public void start() {
        resetRegisters();
        transmitRing.clear();
        receiveRing.clear();
        firstLast = 0;
        lastCount = 0;
        config.enableBusMaster(true);
        registers.storeInt(CTRL, registers.loadInt(CTRL) | CTRL_SET_LINK_UP);
        if (!hasLine) {
            registers.storeInt(IVAR, IVAR_QUEUES_THEN_REST);
            registers.storeInt(EIAC, CAUSE_RECEIVE_QUEUE | CAUSE_TRANSMIT_QUEUE);
        }
        startReceive();
        storeFilter();
        startTransmit();
        started = true;
        registers.storeInt(IMS, otherCauses);
    }

    private void resetRegisters() {
        registers.storeInt(IMC, EVERYTHING);
        registers.storeInt(CTRL, registers.loadInt(CTRL) | CTRL_RESET);
        for (int i = 0; (registers.loadInt(CTRL) & CTRL_RESET) != 0; i++) {
            if (i == RESET_LOOKS) {
                throw new VfioException("the NIC does not come out of its reset", "switch the machine off and on");
            }
            Thread.onSpinWait();
        }
        registers.storeInt(IMC, EVERYTHING);
    }

    private void startReceive() {
        registers.storeInt(RXCSUM, 0);
        registers.storeInt(RFCTL, 0);
        registers.storeInt(RDBAL, receiveRing.iova());
        registers.storeInt(RDBAH, receiveRing.iova() >>> 32);
        registers.storeInt(RDLEN, receiveRing.byteLength());
        registers.storeInt(RDH, 0);
        registers.storeInt(RDT, 0);
        registers.storeInt(RDTR, 0);
        registers.storeInt(RADV, 0);
    }

    private void storeReceiveControl() {
        boolean everyAddress = filter.everything() || filter.addresses().size() > RECEIVE_ADDRESSES;
        boolean everyGroup = filter.everything() || filter.allGroups();
        long all = (everyAddress ? RCTL_UNICAST_PROMISCUOUS : 0) | (everyGroup ? RCTL_MULTICAST_PROMISCUOUS : 0);
        long longFrames = receiveBytes > 2048 ? RCTL_LONG_FRAMES : 0;
        registers.storeInt(
                RCTL, RCTL_ENABLE | RCTL_BROADCAST | RCTL_STRIP_CRC | longFrames | bufferSize(receiveBytes) | all);
    }

    private void startTransmit() {
        registers.storeInt(TDBAL, transmitRing.iova());
        registers.storeInt(TDBAH, transmitRing.iova() >>> 32);
        registers.storeInt(TDLEN, transmitRing.byteLength());
        registers.storeInt(TDH, 0);
        registers.storeInt(TDT, 0);
        registers.storeInt(TIDV, 0);
        registers.storeInt(TXDCTL, TXDCTL_DESCRIPTORS);
        registers.storeInt(TIPG, TIPG_COPPER);
        registers.storeInt(TCTL, TCTL_ENABLE | TCTL_PAD_SHORT | TCTL_COLLISIONS);
    }

    @Override
    public void stop() {
        started = false;
        config.enableBusMaster(false);
        if (config.isThere()) {
            registers.storeInt(RCTL, 0);
            registers.storeInt(TCTL, 0);
            resetRegisters();
        }
    }

    @Override
    public boolean isLinkUp() {
        return (registers.loadInt(STATUS) & STATUS_LINK_UP) != 0;
    }

    @Override
    public Set<NicStatistic> statistics() {
        return EnumSet.allOf(NicStatistic.class);
    }

    /** Nothing is believed of a device that may have been pulled out, which reads as ones. */
    @Override
    public long take(NicStatistic which) {
        int register = statistic(which);
        long low = registers.loadInt(register);
        boolean isWide = which == NicStatistic.RECEIVED_BYTES || which == NicStatistic.SENT_BYTES;
        long high = isWide ? registers.loadInt(register + 4) : 0;
        return low == EVERYTHING || high == EVERYTHING ? 0 : (high & 0xffff) << 32 | low;
    }

    @Override
    public void receiveOnly(NicFilter next) {
        filter = next;
        if (started) {
            storeFilter();
        }
    }

    @Override
    public FilterState filterState() {
        return FilterState.SET;
    }

    /** Groups are told by a hash, so that some others come through. */
    private void storeFilter() {
        List<Long> addresses = filter.everything() ? List.of(mac) : filter.addresses();
        for (int i = 0; i < RECEIVE_ADDRESSES; i++) {
            boolean used = i < addresses.size();
            long address = used ? addresses.get(i) : 0;
            registers.storeInt(RAL0 + 8 * i, address);
            registers.storeInt(RAH0 + 8 * i, (address >>> 32 & 0xffff) | (used ? RAH_VALID : 0));
        }
        long[] hashes = new long[MTA_COUNT];
        for (long group : filter.groups()) {
            hashes[groupHash(group) >>> 5] |= 1L << (groupHash(group) & 31);
        }
        for (int i = 0; i < MTA_COUNT; i++) {
            registers.storeInt(MTA + 4 * i, hashes[i]);
        }
        storeReceiveControl();
    }

    @Override
    public void requestInterrupts() {
        registers.storeInt(IMS, causesOfFrames);
    }

    @Override
    public void suppressInterrupts() {
        registers.storeInt(IMC, causesOfFrames);
    }

    @Override
    public void acknowledgeOther() {
        registers.storeInt(ICR, otherCauses);
        registers.storeInt(IMS, otherCauses);
    }

    /** Reading the causes clears them, since that is how the datasheet has it where there is one vector. */
    @Override
    public boolean acknowledgeLine() {
        return (registers.loadInt(ICR) & CAUSE_LINK) != 0;
    }

    // Frames out.

    @Override
    public boolean hasRoom(int pieces) {
        return transmitRing.free() > pieces; // and one for the context
    }

    @Override
    public void transmit(long header, long[] iovas, int[] byteLengths, int pieces, int token) {
        long options = NetHeaderFields.needsChecksum(header) ? putContext(header, byteLengths, pieces) : 0;
        int last = 0;
        for (int i = 0; i < pieces; i++) {
            long end = i + 1 == pieces ? END_OF_FRAME | REPORT : 0;
            last = transmitRing.put(iovas[i], byteLengths[i] | DATA | EXTENDED | INSERT_CRC | end | options);
        }
        transmitTokens[last] = token;
        lasts[(firstLast + lastCount) % TRANSMIT_SIZE] = last;
        lastCount++;
    }

    /**
     * Says before the frame what is to be completed, and where. A segment that is cut has its IP length and its share of
     * the checksum filled in by the NIC, which wants to find nothing there.
     *
     * @return the bits of the frame's own descriptors
     */
    private long putContext(long header, int[] byteLengths, int pieces) {
        long frame = header + NetHeaderFields.BYTES;
        int start = NetHeaderFields.checksumStart(header);
        int at = start + NetHeaderFields.checksumOffset(header);
        int ip = NetHeaderFields.ipOffset(frame);
        boolean cut = NetHeaderFields.isTcpSegment(header);
        boolean v4 = cut && NetHeaderFields.isIpv4Segment(header);
        long low =
                ip | (long) (v4 ? ip + 10 : ip) << 8 | (long) (start - 1) << 16 | (long) start << 32 | (long) at << 40;
        if (!cut) {
            transmitRing.put(low, EXTENDED);
            return INSERT_CHECKSUM;
        }
        NetHeaderFields.prepareForCutting(frame, ip, at, v4);
        int headers = NetHeaderFields.headerByteLength(header);
        long total = 0;
        for (int i = 0; i < pieces; i++) {
            total += byteLengths[i];
        }
        long detail = (total - headers)
                | CONTEXT_TCP
                | (v4 ? CONTEXT_IPV4 : 0)
                | CUT
                | EXTENDED
                | (long) headers << 40
                | (long) NetHeaderFields.segmentByteLength(header) << 48;
        transmitRing.put(low, detail);
        return CUT | INSERT_CHECKSUM | (v4 ? INSERT_IP_CHECKSUM : 0);
    }

    @Override
    public void publishTransmit() {
        registers.storeInt(TDT, transmitRing.tail());
    }

    @Override
    public int takeTransmitted() {
        if (lastCount == 0) {
            return NOTHING;
        }
        int last = lasts[firstLast];
        if ((transmitRing.detailAcquire(last) & DONE_TRANSMIT) == 0) {
            return NOTHING;
        }
        firstLast = (firstLast + 1) % TRANSMIT_SIZE;
        lastCount--;
        transmitRing.takeThrough(last);
        return transmitTokens[last];
    }

    // Frames in.

    @Override
    public void offer(long iova, int byteLength, int token) {
        receiveTokens[receiveRing.put(iova, 0)] = token;
    }

    @Override
    public void publishReceive() {
        registers.storeInt(RDT, receiveRing.tail());
    }

    @Override
    public int takeReceived() {
        if (receiveRing.used() == 0) {
            return NOTHING;
        }
        int index = receiveRing.head();
        long detail = receiveRing.detailAcquire(index);
        int status = (int) (detail >>> STATUS_SHIFT) & 0xff;
        if ((status & E1000eRing.DONE) == 0) {
            return NOTHING;
        }
        receiveRing.takeThrough(index);
        int errors = (int) (detail >>> ERRORS_SHIFT) & 0xff;
        int length = (int) detail & 0xffff;
        boolean whole = (status & RECEIVED_END) != 0 && (errors & DAMAGED) == 0 && length <= receiveBytes;
        receivedBytes = whole ? length : 0;
        return receiveTokens[index];
    }

    @Override
    public int receivedBytes() {
        return receivedBytes;
    }
}
