package io.annulet.backend.control;

import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a driver has told its device, in a form that outlives the back-end: the commands of the control queue that would say
 * it again; stateless. Who loads it checks it as any driver's commands are checked, so a state can ask for nothing that a
 * driver could not have asked for.
 *
 * <p>Eight bytes that name format and version; commands, each behind its length in 16 bits, little-endian; a length of 0.
 */
final class SavedState {

    private static final byte[] NAME = "ANNULET1".getBytes(StandardCharsets.US_ASCII);
    private static final int LENGTH_MASK = 0xffff;
    private static final int MODES = NetControl.RX_NOBCAST + 1;
    private static final long A_LOCAL_ADDRESS = 0x02;

    private final NetState state;
    private final ControlLimits limits;
    private final int queuePairs;
    private final ByteBuffer bytes =
            ByteBuffer.allocate(StateTransfer.MOST_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private SavedState(NetState state, ControlLimits limits, int queuePairs) {
        this.state = state;
        this.limits = limits;
        this.queuePairs = queuePairs;
    }

    /** All that the driver has said and that is in force. */
    static byte[] of(Device device) {
        return new SavedState(device.net, device.limits, device.options.queuePairs()).write();
    }

    /**
     * The commands of a state, not looked into.
     *
     * @throws MessageFault if these bytes are no state, or not a whole one
     */
    static List<Command> commands(byte[] saved) {
        if (saved.length < NAME.length || !Arrays.equals(saved, 0, NAME.length, NAME, 0, NAME.length)) {
            throw new MessageFault("no state of a device, or one of another version");
        }
        ByteBuffer from = ByteBuffer.wrap(saved).order(ByteOrder.LITTLE_ENDIAN).position(NAME.length);
        List<Command> commands = new ArrayList<>();
        while (from.remaining() >= Short.BYTES) {
            int byteLength = from.getShort() & LENGTH_MASK;
            if (byteLength == 0 && !from.hasRemaining()) {
                return commands;
            }
            if (byteLength < NetControl.HEADER_BYTES || byteLength > from.remaining()) {
                break;
            }
            byte[] command = new byte[byteLength];
            from.get(command);
            commands.add(new Command(command));
        }
        throw new MessageFault("a state that is cut off, or longer than it says");
    }

    private byte[] write() {
        bytes.put(NAME);
        modes();
        addresses();
        state.vlans.stream().forEach(this::vlan);
        queues();
        calls();
        bytes.putShort((short) 0);
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private ByteBuffer command(int commandClass, int command, int dataByteLength) {
        bytes.putShort((short) (NetControl.HEADER_BYTES + dataByteLength));
        return bytes.put((byte) commandClass).put((byte) command);
    }

    private void modes() {
        for (int mode = 0; mode < MODES; mode++) {
            boolean extra = mode > NetControl.RX_ALLMULTI;
            if (state.has(extra ? VirtioFeature.NET_CTRL_RX_EXTRA : VirtioFeature.NET_CTRL_RX)) {
                command(NetControl.RX, mode, 1).put((byte) (state.isOn(mode) ? 1 : 0));
            }
        }
    }

    private void addresses() {
        if (state.has(VirtioFeature.NET_CTRL_RX)) {
            long[] unicast = state.tooManyUnicast ? tooMany(A_LOCAL_ADDRESS) : state.unicast;
            long[] groups = state.tooManyGroups ? tooMany(A_LOCAL_ADDRESS | 1) : state.groups;
            int addresses = unicast.length + groups.length;
            command(NetControl.MAC, NetControl.MAC_TABLE_SET, 2 * Integer.BYTES + addresses * NetControl.MAC_BYTES);
            table(unicast);
            table(groups);
        }
        if (state.has(VirtioFeature.NET_CTRL_MAC_ADDR) && state.mac != 0) {
            command(NetControl.MAC, NetControl.MAC_ADDR_SET, NetControl.MAC_BYTES);
            mac(state.mac);
        }
    }

    /** Those of a table that was too long are not known any more, and nothing depends on them. */
    private long[] tooMany(long first) {
        long[] any = new long[limits.receiveAddresses() + 1];
        Arrays.fill(any, first);
        return any;
    }

    private void table(long[] addresses) {
        bytes.putInt(addresses.length);
        for (long address : addresses) {
            mac(address);
        }
    }

    private void mac(long address) {
        bytes.putInt((int) address).putShort((short) (address >>> Integer.SIZE));
    }

    private void vlan(int id) {
        if (state.has(VirtioFeature.NET_CTRL_VLAN)) {
            command(NetControl.VLAN, NetControl.VLAN_ADD, Short.BYTES).putShort((short) id);
        }
    }

    /** How many pairs before what spreads flows over them, which the former takes back. */
    private void queues() {
        if (state.has(VirtioFeature.NET_MQ)) {
            command(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, Short.BYTES).putShort((short) state.queuePairs);
        }
        steering();
        if (state.has(VirtioFeature.NET_CTRL_GUEST_OFFLOADS)) {
            command(NetControl.GUEST_OFFLOADS, NetControl.GUEST_OFFLOADS_SET, Long.BYTES)
                    .putLong(state.guestOffloads);
        }
    }

    private void steering() {
        if (state.steering == null) {
            return;
        }
        byte[] key = state.steering.key().key();
        int[] pairs = state.steering.pairs();
        if (pairs.length == 0) {
            command(NetControl.MQ, NetControl.MQ_HASH_CONFIG, NetControl.HASH_KEY + 1 + key.length)
                    .putInt(state.steering.types())
                    .putLong(0);
        } else {
            int table = NetControl.RSS_TABLE + Short.BYTES * (pairs.length + 1);
            command(NetControl.MQ, NetControl.MQ_RSS_CONFIG, table + 1 + key.length)
                    .putInt(state.steering.types())
                    .putShort((short) (pairs.length - 1))
                    .putShort((short) state.steering.otherwise());
            for (int pair : pairs) {
                bytes.putShort((short) pair);
            }
            bytes.putShort((short) queuePairs);
        }
        bytes.put((byte) key.length).put(key);
    }

    private void calls() {
        boolean one = state.has(VirtioFeature.NET_VQ_NOTF_COAL);
        state.coalescing.forEach((queue, said) -> {
            if (one) {
                command(NetControl.NOTF_COAL, NetControl.NOTF_COAL_VQ_SET, 2 * Short.BYTES + NetControl.COAL_BYTES)
                        .putShort(queue.shortValue())
                        .putShort((short) 0);
            } else if (queue <= 1) { // all of a direction were told the same
                command(
                        NetControl.NOTF_COAL,
                        queue == 0 ? NetControl.NOTF_COAL_RX_SET : NetControl.NOTF_COAL_TX_SET,
                        NetControl.COAL_BYTES);
            } else {
                return;
            }
            bytes.putInt((int) said.frames()).putInt((int) said.micros());
        });
    }
}
