package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.NetConfigLayout;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.Payload;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** The messages about the device as a whole; owned by the control thread. */
final class DeviceMessages {

    private static final String SOCKET = "socket:[";
    private static final long STATUS_MASK = 0xff;
    private static final int MAX_CONFIG_BYTES = Payload.CONFIG.maxBytes() - MessageLayout.CONFIG_BYTES;
    private static final long GROUP_MAC = 1;
    private static final long MAC_MASK = 0xffff_ffff_ffffL;

    private final Device device;
    private final Rings rings;

    DeviceMessages(Device device, Rings rings) {
        this.device = device;
        this.rings = rings;
    }

    /** Who owns a session is who is connected, so there is nothing to keep. */
    Answer setOwner() {
        return Answer.DONE;
    }

    /** Deprecated: front-ends that still send it meant different things by it, and the spec has it ignored. */
    Answer resetOwner() {
        return Answer.DONE;
    }

    /** Back to the beginning but for what belongs to the connection: features, memory, and call and error descriptors. */
    Answer resetDevice() {
        return rings.stopAll(() -> {
            for (VringConfig vring : device.vrings()) {
                device.retired.add(vring.kick);
                vring.kick = null;
                vring.addresses = null;
                vring.size = 0;
                vring.base = 0;
                vring.enable(!device.negotiation.ringsStartDisabled());
            }
            device.status = 0;
            device.saved = List.of();
            return FeatureMessages.beginAnew(device);
        });
    }

    /** Status 0 is the driver's reset, after which no ring runs. */
    Answer setStatus(Message message) {
        long status = message.u64();
        if ((status & ~STATUS_MASK) != 0) {
            throw new MessageFault(String.format("device status 0x%x", status));
        }
        device.status = (int) status;
        if (status == 0) {
            device.saved = List.of();
        }
        return status == 0 ? rings.stopAll(() -> FeatureMessages.beginAnew(device)) : Answer.DONE;
    }

    Answer getStatus() {
        return new Answer.Value(device.status);
    }

    Answer netSetMtu(Message message) {
        long mtu = message.u64();
        int most = device.options.mtu() == 0 ? VhostUserOptions.MAX_MTU : device.options.mtu();
        if (mtu < VhostUserOptions.MIN_MTU || mtu > most) {
            throw new MessageFault(
                    "an mtu of " + Long.toUnsignedString(mtu) + ", not " + VhostUserOptions.MIN_MTU + " to " + most);
        }
        device.mtu = (int) mtu;
        return Answer.DONE;
    }

    /** A part of the configuration space; what lies behind its end reads as zeros. */
    Answer getConfig(Message message) {
        long offset = message.u32(MessageLayout.CONFIG_OFFSET);
        long size = message.u32(MessageLayout.CONFIG_SIZE);
        if (offset > NetConfigLayout.BYTES
                || offset + size > MAX_CONFIG_BYTES
                || message.payloadByteLength() != MessageLayout.CONFIG_BYTES + size) {
            return new Answer.Nothing();
        }
        byte[] space = Arrays.copyOf(device.net.config(device.mtuOfGuest()), MAX_CONFIG_BYTES);
        byte[] part = Arrays.copyOfRange(space, (int) offset, (int) (offset + size));
        return new Answer.Config((int) offset, ByteBuffer.wrap(part), (int) message.u32(MessageLayout.CONFIG_FLAGS));
    }

    /** Drivers write the address alone, those that have no command for it. */
    Answer setConfig(Message message) {
        long size = message.u32(MessageLayout.CONFIG_SIZE);
        if (message.u32(MessageLayout.CONFIG_OFFSET) != NetConfigLayout.MAC
                || size != NetControl.MAC_BYTES
                || message.payloadByteLength() != MessageLayout.CONFIG_BYTES + size
                || message.u32(MessageLayout.CONFIG_FLAGS) > MessageLayout.CONFIG_FLAG_MIGRATION) {
            throw new MessageFault("a part of the configuration space that is not the driver's");
        }
        long mac =
                message.u32(MessageLayout.CONFIG_BYTES) | ((message.u32(MessageLayout.CONFIG_BYTES + 2) >>> 16) << 32);
        if (mac == 0 || (mac & GROUP_MAC) != 0) {
            throw new MessageFault(String.format("address %012x is not one of a guest", mac));
        }
        device.net.mac = mac;
        return Answer.afterWorker(done -> device.port.changeRules(device.net.rules(), done));
    }

    /** Has the network learn that the guest's address is at this port now. */
    Answer sendRarp(Message message) {
        long mac = message.u64() & MAC_MASK;
        if (mac == 0 || (mac & GROUP_MAC) != 0) {
            throw new MessageFault(String.format("an announcement for %012x, which is no address of a host", mac));
        }
        byte[] frame = RarpFrame.of(mac);
        return Answer.afterWorker(done -> device.port.injectFrame(frame, done));
    }

    Answer setBackendReqFd(Message message) {
        device.backendChannel(message.takeFd(0, DeviceMessages::checkSocket));
        return Answer.DONE;
    }

    private static void checkSocket(Fd fd) {
        String link = FileDescriptors.link(fd);
        if (!link.startsWith(SOCKET)) {
            throw new MessageFault("a channel for requests that is no socket but " + link);
        }
    }
}
