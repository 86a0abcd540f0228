package io.annulet.vfio;

import io.annulet.memory.HostMemory;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The driver of a modern virtio-net device, such as another hypervisor's or a SmartNIC's; owned by its worker. The ring is
 * the same that guests have with us, worked from the other side.
 *
 * <p>Source: VIRTIO 1.2, "Network Device".
 */
final class VirtioNic implements Nic {

    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int CONTROL = 2;
    private static final int MAX_QUEUE_SIZE = 256;
    private static final int CONTROL_SIZE = 2;
    private static final int QUEUES_VECTOR = 0;
    private static final int CONFIG_VECTOR = 1;

    private static final long CSUM = 1;
    private static final long MTU = 1L << 3;
    private static final long MAC = 1L << 5;
    private static final long HOST_TSO4 = 1L << 11;
    private static final long HOST_TSO6 = 1L << 12;
    private static final long STATUS = 1L << 16;
    private static final long CTRL_VQ = 1L << 17;
    private static final long CTRL_RX = 1L << 18;
    private static final long REQUIRED = VirtioPci.VERSION_1 | VirtioPci.ACCESS_PLATFORM;
    private static final long WANTED = REQUIRED | CSUM | MTU | MAC | HOST_TSO4 | HOST_TSO6 | STATUS | CTRL_VQ | CTRL_RX;

    private static final int CONFIG_STATUS = 6;
    private static final int CONFIG_MTU = 10;
    private static final int LINK_UP = 1;

    private static final int PIECE_BYTES = 1 << 20;
    private static final int MAX_PIECES = 24;
    private static final int MAX_TSO_BYTES = 65_535;
    private static final int USUAL_MTU = 1_500;

    private static final int CLASS_RECEIVE = 0;
    private static final int EVERYTHING = 0;
    private static final int ALL_GROUPS = 1;
    private static final int CLASS_MAC = 1;
    private static final int SET_TABLE = 0;
    private static final int MAC_BYTES = 6;

    /** In either part of the table. */
    private static final int MAX_ADDRESSES = 32;

    private static final int REQUEST_BYTES = 2 + 2 * (4 + MAC_BYTES * MAX_ADDRESSES);
    private static final int NO_ANSWER = 0xff;
    private static final long CONTROL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final VirtioPci device;
    private final PciConfig config;
    private final int receiveBytes;
    private final boolean hasLine;
    private final long features;
    private final long mac;
    private final VirtioNicQueue receive;
    private final VirtioNicQueue transmit;
    private final VirtioNicQueue control;
    private final DmaArea.Piece request;
    private final DmaArea.Piece answer;
    private final int mtu;
    private int receivedBytes;
    private boolean started;
    private NicFilter filter = NicFilter.EVERYTHING;
    private FilterState filterState = FilterState.SET;

    /** Which request is the next one for the filter. */
    private int step;

    /** Whether the device has a request that it did not answer, and until when it should have. */
    private boolean asked;

    private long askedUntilNanos;

    VirtioNic(VirtioPci device, PciConfig config, NicMemory memory, int receiveBytes, Interrupts interrupts) {
        this.device = device;
        this.config = config;
        this.receiveBytes = receiveBytes;
        this.hasLine = interrupts == Interrupts.LINE;
        if (hasLine && !device.hasCauses()) {
            throw new VfioException("the device has an interrupt line and no way to let go of it", "give it MSI-X");
        }
        device.reset();
        long offered = device.offeredFeatures();
        if ((offered & VirtioPci.ACCESS_PLATFORM) == 0) {
            throw new VfioException(
                    "the device would go past the IOMMU", "start its host with iommu_platform=on for this device");
        }
        features = offered & WANTED;
        mac = readMac();
        mtu = (features & MTU) != 0 ? device.configShort(CONFIG_MTU) : USUAL_MTU;
        receive = new VirtioNicQueue(device, RECEIVE, size(RECEIVE, MAX_QUEUE_SIZE), memory);
        transmit = new VirtioNicQueue(device, TRANSMIT, size(TRANSMIT, MAX_QUEUE_SIZE), memory);
        control = new VirtioNicQueue(device, CONTROL, CONTROL_SIZE, memory);
        request = memory.read().take(REQUEST_BYTES, 8);
        answer = memory.write().take(8, 8);
    }

    static long readBytes() {
        return 2 * VirtioNicQueue.readBytes(MAX_QUEUE_SIZE)
                + VirtioNicQueue.readBytes(CONTROL_SIZE)
                + REQUEST_BYTES
                + 64;
    }

    static long writtenBytes() {
        return 2 * VirtioNicQueue.writtenBytes(MAX_QUEUE_SIZE) + VirtioNicQueue.writtenBytes(CONTROL_SIZE) + 64;
    }

    private int size(int queue, int most) {
        int max = device.maxQueueSize(queue);
        if (max < 2) {
            throw new VfioException("the device has no queue " + queue, "use another one");
        }
        return Integer.highestOneBit(Math.min(max, most));
    }

    private long readMac() {
        long address = 0;
        for (int i = MAC_BYTES - 1; i >= 0; i--) {
            address = address << 8 | device.configByte(i);
        }
        return address;
    }

    private boolean canFilter() {
        return has(CTRL_VQ) && has(CTRL_RX);
    }

    private boolean has(long feature) {
        return (features & feature) != 0;
    }

    @Override
    public NicLimits limits() {
        return new NicLimits(
                "virtio-pci",
                NetHeaderFields.BYTES,
                transmit.size(),
                receive.size(),
                Math.min(MAX_PIECES, transmit.size() / 4),
                PIECE_BYTES,
                Math.min(mtu, receiveBytes - NetHeaderFields.BYTES - 18),
                has(CSUM),
                has(CSUM) && has(HOST_TSO4),
                has(CSUM) && has(HOST_TSO6),
                MAX_TSO_BYTES,
                canFilter() ? MAX_ADDRESSES : 0);
    }

    @Override
    public long macAddress() {
        return mac;
    }

    @Override
    public void start() {
        device.reset();
        config.enableBusMaster(true);
        device.acknowledge(features);
        if (!hasLine) {
            device.configVector(CONFIG_VECTOR);
        }
        int vector = hasLine ? VirtioPci.NO_VECTOR : QUEUES_VECTOR;
        receive.start(vector);
        transmit.start(vector);
        if (has(CTRL_VQ)) {
            control.start(vector);
        }
        device.run();
        started = true;
        asked = false;
        receiveOnly(filter);
    }

    @Override
    public void stop() {
        started = false;
        if (config.isThere()) {
            device.reset();
        }
        config.enableBusMaster(false);
    }

    @Override
    public boolean isLinkUp() {
        return !has(STATUS) || (device.configShort(CONFIG_STATUS) & LINK_UP) != 0;
    }

    /** DEVICE_STATS would have some; no device that could be tried offers it. */
    @Override
    public Set<NicStatistic> statistics() {
        return Set.of();
    }

    @Override
    public long take(NicStatistic which) {
        return 0;
    }

    // What is received. A worker cannot wait for answers, so requests go out one by one.

    @Override
    public void receiveOnly(NicFilter next) {
        filter = next;
        if (!canFilter()) {
            filterState = next.everything() ? FilterState.SET : FilterState.REFUSED;
        } else if (!asked || filterState == FilterState.UNDER_WAY) {
            step = 0;
            filterState = FilterState.UNDER_WAY;
            filterState();
        }
    }

    @Override
    public FilterState filterState() {
        if (filterState == FilterState.UNDER_WAY && started) {
            if (asked) {
                takeAnswer();
            }
            if (!asked && filterState == FilterState.UNDER_WAY) {
                askNext();
            }
        }
        return filterState;
    }

    private void takeAnswer() {
        int token = control.take();
        if (token == NOTHING) {
            if (System.nanoTime() - askedUntilNanos > 0) {
                filterState = FilterState.REFUSED;
            }
            return;
        }
        asked = false;
        if (token != 0 || HostMemory.loadByte(answer.address()) != 0) {
            filterState = FilterState.REFUSED;
        }
    }

    /** The device receives everything until its tables are right. */
    private void askNext() {
        if (filter.everything()) {
            step = Math.max(step, 2);
        }
        switch (step++) {
            case 0 -> send(CLASS_MAC, SET_TABLE, putAddresses(putAddresses(2, filter.addresses()), filter.groups()));
            case 1 -> ask(ALL_GROUPS, filter.allGroups() || filter.groups().size() > MAX_ADDRESSES);
            case 2 -> ask(EVERYTHING, filter.everything() || filter.addresses().size() > MAX_ADDRESSES);
            default -> filterState = FilterState.SET;
        }
    }

    /** Puts a part of the table at an offset of the request; returns the offset behind it. Too many are none. */
    private int putAddresses(int offset, List<Long> addresses) {
        List<Long> fitting = addresses.size() > MAX_ADDRESSES ? List.of() : addresses;
        long at = request.address() + offset;
        for (int i = 0; i < 4; i++) {
            HostMemory.storeByte(at++, fitting.size() >>> (8 * i));
        }
        for (long address : fitting) {
            for (int i = 0; i < MAC_BYTES; i++) {
                HostMemory.storeByte(at++, (int) (address >>> (8 * i)));
            }
        }
        return (int) (at - request.address());
    }

    private void ask(int command, boolean on) {
        HostMemory.storeByte(request.address() + 2, on ? 1 : 0);
        send(CLASS_RECEIVE, command, 3);
    }

    private void send(int kind, int command, int byteLength) {
        HostMemory.storeByte(request.address(), kind);
        HostMemory.storeByte(request.address() + 1, command);
        HostMemory.storeByte(answer.address(), NO_ANSWER);
        control.offer(new long[] {request.iova(), answer.iova()}, new int[] {byteLength, 1}, 2, 1, 0);
        control.publish();
        asked = true;
        askedUntilNanos = System.nanoTime() + CONTROL_NANOS;
    }

    @Override
    public void requestInterrupts() {
        receive.requestInterrupts();
        transmit.requestInterrupts();
    }

    @Override
    public void suppressInterrupts() {
        receive.suppressInterrupts();
        transmit.suppressInterrupts();
    }

    /** A message needs no answer. */
    @Override
    public void acknowledgeOther() {}

    @Override
    public boolean acknowledgeLine() {
        return device.acknowledgeLine();
    }

    @Override
    public boolean hasRoom(int pieces) {
        return transmit.free() >= pieces;
    }

    @Override
    public void transmit(long header, long[] iovas, int[] byteLengths, int pieces, int token) {
        HostMemory.storeShort(header + 10, 0);
        transmit.offer(iovas, byteLengths, pieces, pieces, token);
    }

    @Override
    public void publishTransmit() {
        transmit.publish();
    }

    @Override
    public int takeTransmitted() {
        return transmit.take();
    }

    @Override
    public void offer(long iova, int byteLength, int token) {
        receive.offer(iova, byteLength, token);
    }

    @Override
    public void publishReceive() {
        receive.publish();
    }

    @Override
    public int takeReceived() {
        int token = receive.take();
        if (token >= 0) {
            long frameBytes = receive.writtenByteLength() - NetHeaderFields.BYTES;
            receivedBytes = frameBytes < 0 || frameBytes > receiveBytes - NetHeaderFields.BYTES ? 0 : (int) frameBytes;
        }
        return token;
    }

    @Override
    public int receivedBytes() {
        return receivedBytes;
    }
}
