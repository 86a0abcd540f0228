package io.annulet.backend.control;

import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.util.HashMap;
import java.util.Map;

/**
 * The commands of a network device's control queue: what each depends on, and what it does; owned by the control thread.
 * VIRTIO 1.4, "Network Device, Control Virtqueue".
 *
 * <p>A command is checked wholly before anything changes. Those that change how frames are delivered are answered when all
 * workers deliver so.
 */
final class CommandTable {

    private static final long GROUP = 1;

    /** Serves one kind of command. */
    @FunctionalInterface
    interface Handler {
        Answer handle(Command command);
    }

    private record Entry(long feature, Handler handler) {}

    private final Map<Integer, Entry> entries = new HashMap<>();
    private final Device device;
    private final NetState state;

    CommandTable(Device device) {
        this.device = device;
        this.state = device.net;
        new QueueCommands(device, this);
        for (int mode : new int[] {NetControl.RX_PROMISC, NetControl.RX_ALLMULTI}) {
            on(NetControl.RX, mode, VirtioFeature.NET_CTRL_RX, command -> setMode(mode, command));
        }
        for (int mode = NetControl.RX_ALLUNI; mode <= NetControl.RX_NOBCAST; mode++) {
            int number = mode;
            on(NetControl.RX, mode, VirtioFeature.NET_CTRL_RX_EXTRA, command -> setMode(number, command));
        }
        on(NetControl.MAC, NetControl.MAC_TABLE_SET, VirtioFeature.NET_CTRL_RX, this::setMacTable);
        on(NetControl.MAC, NetControl.MAC_ADDR_SET, VirtioFeature.NET_CTRL_MAC_ADDR, this::setMac);
        on(NetControl.VLAN, NetControl.VLAN_ADD, VirtioFeature.NET_CTRL_VLAN, command -> setVlan(command, true));
        on(NetControl.VLAN, NetControl.VLAN_DEL, VirtioFeature.NET_CTRL_VLAN, command -> setVlan(command, false));
        on(
                NetControl.ANNOUNCE,
                NetControl.ANNOUNCE_ACK,
                VirtioFeature.NET_GUEST_ANNOUNCE,
                command -> acknowledgeAnnounce(command));
        on(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, VirtioFeature.NET_MQ, this::setQueuePairs);
        on(
                NetControl.GUEST_OFFLOADS,
                NetControl.GUEST_OFFLOADS_SET,
                VirtioFeature.NET_CTRL_GUEST_OFFLOADS,
                this::setGuestOffloads);
    }

    void on(int commandClass, int command, long feature, Handler handler) {
        entries.put(Command.kind(commandClass, command), new Entry(feature, handler));
    }

    /**
     * Does what a command asks for.
     *
     * @throws CommandFault if the driver gets VIRTIO_NET_ERR
     */
    Answer handle(Command command) {
        Entry entry = entries.get(command.kind());
        if (entry == null) {
            throw new CommandFault("there is no such command");
        }
        if (!state.has(entry.feature())) {
            throw new CommandFault("its feature was not agreed on");
        }
        return entry.handler().handle(command);
    }

    /** Answers when all workers deliver as the state says now. */
    Answer deliverSo() {
        return Answer.afterWorker(done -> device.port.changeRules(state.rules(), done));
    }

    private Answer setMode(int mode, Command command) {
        command.checkByteLength(1);
        int on = command.u8(0);
        if (on > 1) {
            throw new CommandFault("neither on nor off but " + on);
        }
        state.mode(mode, on == 1);
        return deliverSo();
    }

    /** Two tables behind each other, each with its length in front. */
    private Answer setMacTable(Command command) {
        long unicastCount = command.u32(0);
        int groupsAt = end(command, 0, unicastCount);
        long groupCount = command.u32(groupsAt);
        command.checkByteLength(end(command, groupsAt, groupCount));
        long[] unicast = addresses(command, Integer.BYTES, (int) unicastCount, false);
        long[] groups = addresses(command, groupsAt + Integer.BYTES, (int) groupCount, true);
        state.tooManyUnicast = unicast.length > device.limits.receiveAddresses();
        state.tooManyGroups = groups.length > device.limits.receiveAddresses();
        state.unicast = state.tooManyUnicast ? new long[0] : unicast;
        state.groups = state.tooManyGroups ? new long[0] : groups;
        return deliverSo();
    }

    /** Where a table ends that begins at {@code at} with its count; counts are compared before they are multiplied. */
    private static int end(Command command, int at, long count) {
        int left = command.dataByteLength() - at - Integer.BYTES;
        if (count > left / NetControl.MAC_BYTES) {
            throw new CommandFault("a table of " + count + " addresses in " + left + " bytes");
        }
        return at + Integer.BYTES + (int) count * NetControl.MAC_BYTES;
    }

    private static long[] addresses(Command command, int at, int count, boolean ofGroups) {
        long[] addresses = new long[count];
        for (int i = 0; i < count; i++) {
            addresses[i] = command.mac(at + i * NetControl.MAC_BYTES);
            boolean isGroup = (addresses[i] & GROUP) != 0;
            if (isGroup != ofGroups) {
                throw new CommandFault(String.format("address %012x is in the wrong table", addresses[i]));
            }
        }
        return addresses;
    }

    private Answer setMac(Command command) {
        command.checkByteLength(NetControl.MAC_BYTES);
        long mac = command.mac(0);
        if (mac == 0 || (mac & GROUP) != 0) {
            throw new CommandFault(String.format("address %012x is not one of a guest", mac));
        }
        state.mac = mac;
        return deliverSo();
    }

    private Answer setVlan(Command command, boolean in) {
        command.checkByteLength(Short.BYTES);
        int vlan = command.u16(0);
        if (vlan > NetControl.MAX_VLAN_ID) {
            throw new CommandFault("there is no VLAN " + vlan);
        }
        state.vlans.set(vlan, in);
        return deliverSo();
    }

    private Answer acknowledgeAnnounce(Command command) {
        command.checkByteLength(0);
        state.announced();
        return Answer.DONE;
    }

    private Answer setQueuePairs(Command command) {
        command.checkByteLength(Short.BYTES);
        int pairs = command.u16(0);
        if (pairs < 1 || pairs > device.options.queuePairs()) {
            throw new CommandFault(pairs + " queue pairs of " + device.options.queuePairs());
        }
        state.queuePairs = pairs;
        state.steering = null; // until the driver configures it again
        return deliverSo();
    }

    private Answer setGuestOffloads(Command command) {
        command.checkByteLength(Long.BYTES);
        long wanted = command.u64(0);
        long agreedOn = device.negotiation.features() & NetState.GUEST_OFFLOADS;
        if ((wanted & ~agreedOn) != 0) {
            throw new CommandFault(String.format("offloads that were not agreed on: 0x%x", wanted & ~agreedOn));
        }
        state.guestOffloads = wanted;
        return deliverSo();
    }
}
