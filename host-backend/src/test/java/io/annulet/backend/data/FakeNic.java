package io.annulet.backend.data;

import io.annulet.vfio.Nic;
import io.annulet.vfio.NicFilter;
import io.annulet.vfio.NicLimits;
import io.annulet.vfio.NicStatistic;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A NIC whose every step a test decides: when it reads what it was given, in what order it is done, and what it claims. */
final class FakeNic implements Nic {

    static final int FRAMES = 64;
    static final int BUFFERS = 32;
    static final int PIECES = 6;
    static final int PIECE_BYTES = 4096;

    final List<byte[]> wire = new ArrayList<>();
    boolean linkUp = true;
    boolean offloads;
    int mtu = 1_500;
    int starts;
    int claimedBytes = -1;
    final Map<NicStatistic, Long> counted = new EnumMap<>(NicStatistic.class);
    final List<NicFilter> filters = new ArrayList<>();
    FilterState filterState = FilterState.SET;
    boolean raisedForOther;
    int lines;
    int others;

    private final FakeIommu iommu;
    private final ArrayDeque<Frame> given = new ArrayDeque<>();
    private final ArrayDeque<Frame> published = new ArrayDeque<>();
    private final ArrayDeque<Integer> done = new ArrayDeque<>();
    private final ArrayDeque<long[]> buffers = new ArrayDeque<>();
    private final ArrayDeque<int[]> received = new ArrayDeque<>();
    private boolean running;
    private int receivedBytes;

    private static final class Frame {
        private final long[] iovas;
        private final int[] byteLengths;
        private final int token;

        private Frame(long[] iovas, int[] byteLengths, int token) {
            this.iovas = iovas;
            this.byteLengths = byteLengths;
            this.token = token;
        }
    }

    FakeNic(FakeIommu iommu) {
        this.iommu = iommu;
    }

    @Override
    public NicLimits limits() {
        return new NicLimits(
                "fake", 0, FRAMES, BUFFERS, PIECES, PIECE_BYTES, mtu, offloads, offloads, offloads, 65_535, 15);
    }

    @Override
    public long macAddress() {
        return 2;
    }

    @Override
    public void start() {
        starts++;
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        given.clear();
        published.clear();
        done.clear();
        buffers.clear();
        received.clear();
    }

    @Override
    public boolean isLinkUp() {
        return linkUp;
    }

    @Override
    public Set<NicStatistic> statistics() {
        return EnumSet.of(NicStatistic.MISSED, NicStatistic.SENT);
    }

    @Override
    public long take(NicStatistic which) {
        return counted.containsKey(which) ? counted.remove(which) : 0;
    }

    @Override
    public void receiveOnly(NicFilter filter) {
        filters.add(filter);
    }

    @Override
    public FilterState filterState() {
        return filterState;
    }

    @Override
    public void requestInterrupts() {}

    @Override
    public void suppressInterrupts() {}

    @Override
    public void acknowledgeOther() {
        others++;
    }

    @Override
    public boolean acknowledgeLine() {
        lines++;
        return raisedForOther;
    }

    @Override
    public boolean hasRoom(int pieces) {
        return given.size() + published.size() < FRAMES;
    }

    @Override
    public void transmit(long header, long[] iovas, int[] byteLengths, int pieces, int token) {
        for (int i = 0; i < pieces; i++) {
            if (iovas[i] / PIECE_BYTES != (iovas[i] + byteLengths[i] - 1) / PIECE_BYTES) {
                throw new AssertionError("a piece of two pages");
            }
        }
        given.add(new Frame(Arrays.copyOf(iovas, pieces), Arrays.copyOf(byteLengths, pieces), token));
    }

    @Override
    public void publishTransmit() {
        published.addAll(given);
        given.clear();
    }

    int waiting() {
        return published.size();
    }

    boolean isRunning() {
        return running;
    }

    /** Reads the oldest frames from where they are, and is done with them in the order given, or the other way round. */
    void send(int frames, boolean backwards) {
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            Frame frame = published.remove();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int piece = 0; piece < frame.iovas.length; piece++) {
                bytes.writeBytes(iommu.read(frame.iovas[piece], frame.byteLengths[piece]));
            }
            wire.add(bytes.toByteArray());
            tokens.add(backwards ? 0 : tokens.size(), frame.token);
        }
        done.addAll(tokens);
    }

    /** Claims to be done with something. */
    void claim(int token) {
        done.add(token);
    }

    @Override
    public int takeTransmitted() {
        return done.isEmpty() ? NOTHING : done.remove();
    }

    @Override
    public void offer(long iova, int byteLength, int token) {
        buffers.add(new long[] {iova, token});
    }

    @Override
    public void publishReceive() {}

    int offered() {
        return buffers.size();
    }

    /** A frame comes in. */
    void receive(byte[] frame) {
        long[] buffer = buffers.remove();
        iommu.write(buffer[0], frame);
        received.add(new int[] {(int) buffer[1], claimedBytes < 0 ? frame.length : claimedBytes});
    }

    /** Claims to have filled a buffer. */
    void claimReceived(int token) {
        received.add(new int[] {token, 60});
    }

    @Override
    public int takeReceived() {
        if (received.isEmpty()) {
            return NOTHING;
        }
        int[] one = received.remove();
        receivedBytes = one[1];
        return one[0];
    }

    @Override
    public int receivedBytes() {
        return receivedBytes;
    }
}
