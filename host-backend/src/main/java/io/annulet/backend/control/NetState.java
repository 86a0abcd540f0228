package io.annulet.backend.control;

import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.data.ReceiveRules;
import io.annulet.backend.data.Steering;
import io.annulet.backend.handover.PassedNet;
import io.annulet.backend.offload.FlowHash;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.offload.Toeplitz;
import io.annulet.backend.policy.ReceiveFilter;
import io.annulet.vhostuser.NetConfigLayout;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The state of a network device that its driver changes by commands and sees in its configuration space; owned by the
 * control thread. It begins anew whenever the driver does.
 */
final class NetState {

    /** The offloads that a driver may turn off and on again while the device runs. */
    static final long GUEST_OFFLOADS = VirtioFeature.NET_GUEST_CSUM
            | VirtioFeature.NET_GUEST_TSO4
            | VirtioFeature.NET_GUEST_TSO6
            | VirtioFeature.NET_GUEST_ECN
            | VirtioFeature.NET_GUEST_UFO
            | VirtioFeature.NET_GUEST_USO4
            | VirtioFeature.NET_GUEST_USO6;

    private static final long[] NO_ADDRESSES = {};
    private static final byte UNKNOWN_DUPLEX = (byte) 0xff;
    private static final byte FULL_DUPLEX = 1;

    private final VhostUserOptions options;
    private final ControlLimits limits;
    private long features;
    private int modes;
    private boolean linkIsDown;
    private boolean announces;

    long mac;
    long[] unicast = NO_ADDRESSES;
    long[] groups = NO_ADDRESSES;
    boolean tooManyUnicast;
    boolean tooManyGroups;
    final BitSet vlans = new BitSet();
    int queuePairs;
    long guestOffloads;

    /** How flows are told apart and spread, if the driver has said so. */
    @Nullable
    Steering steering;

    /** When the driver is called, by the number of the queue; those it has said nothing of are not here. */
    final Map<Integer, Coalescing> coalescing = new HashMap<>();

    private long commands;
    private long commandsDone;

    /** When a driver wants to be called: as it said it, and what that means. */
    record Coalescing(long frames, long micros) {

        CallPolicy policy() {
            boolean atOnce = micros == 0 || frames <= 1;
            int most = (int) Math.min(frames, CallPolicy.MAX_FRAMES);
            return atOnce ? CallPolicy.OFF : CallPolicy.of(CallPolicy.Mode.ON, most, (int) micros);
        }
    }

    NetState(VhostUserOptions options, ControlLimits limits) {
        this.options = options;
        this.limits = limits;
        restart(0);
    }

    /** A driver begins, and has agreed on features. Until it says what it wants, it gets every frame. */
    void restart(long acknowledgedFeatures) {
        features = acknowledgedFeatures;
        modes = 1 << NetControl.RX_PROMISC;
        mac = options.config().mac();
        unicast = NO_ADDRESSES;
        groups = NO_ADDRESSES;
        tooManyUnicast = false;
        tooManyGroups = false;
        vlans.clear();
        queuePairs = 1;
        guestOffloads = acknowledgedFeatures & GUEST_OFFLOADS;
        announces = false;
        steering = null;
        coalescing.clear();
        commands = 0;
        commandsDone = 0;
    }

    void countCommand(boolean done) {
        commands++;
        commandsDone += done ? 1 : 0;
    }

    /** Commands so far, without the one under way. */
    long commands() {
        return commands;
    }

    /** Those of them that were done. */
    long commandsDone() {
        return commandsDone;
    }

    /** When the driver is to be called for a queue: as it said, else as the port's options say. */
    CallPolicy calls(int queueIndex) {
        Coalescing said = coalescing.get(queueIndex);
        return said == null ? options.calls() : said.policy();
    }

    /** Whether there is a control queue, without which the driver cannot say anything. */
    boolean hasControlQueue() {
        return has(VirtioFeature.NET_CTRL_VQ);
    }

    boolean has(long feature) {
        return (features & feature) != 0;
    }

    /** The ring that is the control queue: the one behind the last that the driver knows. */
    int controlIndex() {
        return has(VirtioFeature.NET_MQ | VirtioFeature.NET_RSS) ? 2 * options.queuePairs() : 2;
    }

    /** As it is passed on. */
    PassedNet passed() {
        Steering spread = steering;
        return new PassedNet(
                modes,
                linkIsDown,
                announces,
                mac,
                LongStream.of(unicast).boxed().toList(),
                LongStream.of(groups).boxed().toList(),
                tooManyUnicast,
                tooManyGroups,
                LongStream.of(vlans.toLongArray()).boxed().toList(),
                queuePairs,
                guestOffloads,
                spread == null
                        ? null
                        : new PassedNet.Spread(
                                spread.types(),
                                HexFormat.of().formatHex(spread.key().key()),
                                IntStream.of(spread.pairs()).boxed().toList(),
                                spread.otherwise()),
                coalescing.entrySet().stream()
                        .map(of -> new PassedNet.Calls(
                                of.getKey(),
                                of.getValue().frames(),
                                of.getValue().micros()))
                        .toList(),
                commands,
                commandsDone);
    }

    /** Becomes what was passed on, of a driver that has agreed on features. */
    void goOnAs(PassedNet passed, long acknowledgedFeatures) {
        restart(acknowledgedFeatures);
        modes = passed.modes();
        linkIsDown = passed.linkIsDown();
        announces = passed.announces();
        mac = passed.mac();
        unicast = longs(passed.unicast());
        groups = longs(passed.groups());
        tooManyUnicast = passed.tooManyUnicast();
        tooManyGroups = passed.tooManyGroups();
        vlans.or(BitSet.valueOf(longs(passed.vlans())));
        queuePairs = passed.queuePairs();
        guestOffloads = passed.guestOffloads();
        steering = steering(passed.steering());
        passed.calls().forEach(of -> coalescing.put(of.queue(), new Coalescing(of.frames(), of.micros())));
        commands = passed.commands();
        commandsDone = passed.commandsDone();
    }

    private static long[] longs(List<Long> list) {
        return list.stream().mapToLong(Long::longValue).toArray();
    }

    private static @Nullable Steering steering(PassedNet.@Nullable Spread passed) {
        if (passed == null) {
            return null;
        }
        Toeplitz key = new Toeplitz(HexFormat.of().parseHex(passed.key()));
        int[] pairs = passed.pairs().stream().mapToInt(Integer::intValue).toArray();
        return pairs.length == 0
                ? Steering.hashOnly(passed.types(), key)
                : Steering.byTable(passed.types(), key, pairs, passed.otherwise());
    }

    boolean isOn(int mode) {
        return (modes & (1 << mode)) != 0;
    }

    void mode(int mode, boolean on) {
        modes = on ? modes | (1 << mode) : modes & ~(1 << mode);
    }

    /** Has the driver announce its addresses, or no more; only one that agreed to can be asked. */
    void announce(boolean wanted) {
        announces =
                wanted && has(VirtioFeature.NET_GUEST_ANNOUNCE) && has(VirtioFeature.NET_STATUS) && hasControlQueue();
    }

    void announced() {
        announces = false;
    }

    /** The link went up or down; tells whether that is news. */
    boolean linkUp(boolean up) {
        boolean changed = linkIsDown == up;
        linkIsDown = !up;
        return changed;
    }

    ReceiveRules rules() {
        return hasControlQueue()
                ? new ReceiveRules(filter(), pairsInUse(), Offload.acceptedWith(guestOffloads), steering)
                : ReceiveRules.NONE;
    }

    /** A table may choose any pair. */
    private int pairsInUse() {
        return steering != null && steering.choosesQueues() ? options.queuePairs() : queuePairs;
    }

    private @Nullable ReceiveFilter filter() {
        if ((modes & (1 << NetControl.RX_PROMISC)) != 0) {
            return null;
        }
        int overflown =
                (tooManyUnicast ? 1 << NetControl.RX_ALLUNI : 0) | (tooManyGroups ? 1 << NetControl.RX_ALLMULTI : 0);
        BitSet filtered = has(VirtioFeature.NET_CTRL_VLAN) ? vlans : null;
        return new ReceiveFilter(modes | overflown, mac, unicast, groups, filtered);
    }

    /** The configuration space as it is now. */
    byte[] config(int mtu) {
        byte[] bytes = new byte[NetConfigLayout.BYTES];
        ByteBuffer space = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < NetControl.MAC_BYTES; i++) {
            bytes[NetConfigLayout.MAC + i] = (byte) (mac >>> (8 * i));
        }
        int status = (linkIsDown ? 0 : NetConfigLayout.LINK_UP) | (announces ? NetConfigLayout.ANNOUNCE : 0);
        space.putShort(NetConfigLayout.STATUS, (short) status);
        space.putShort(NetConfigLayout.MAX_QUEUE_PAIRS, (short) options.queuePairs());
        space.putShort(NetConfigLayout.MTU, (short) mtu);
        int speed = options.config().speedMegabits();
        space.putInt(NetConfigLayout.SPEED, speed);
        space.put(NetConfigLayout.DUPLEX, speed < 0 ? UNKNOWN_DUPLEX : FULL_DUPLEX);
        space.put(NetConfigLayout.RSS_MAX_KEY_BYTES, (byte) Toeplitz.MAX_KEY_BYTES);
        space.putShort(NetConfigLayout.RSS_MAX_TABLE_LENGTH, (short) limits.steeringEntries());
        space.putInt(NetConfigLayout.HASH_TYPES, FlowHash.TYPES);
        return bytes;
    }
}
