package io.annulet.backend.control;

import io.annulet.linux.EventFd;
import io.annulet.vhostuser.MessageLayout;

/** The messages about single rings; owned by the control thread. */
final class VringMessages {

    private final Device device;
    private final Rings rings;

    VringMessages(Device device, Rings rings) {
        this.device = device;
        this.rings = rings;
    }

    Answer setVringNum(Message message) {
        VringConfig vring = stoppedVring(message);
        long size = message.u32(MessageLayout.STATE_NUM);
        if (!layout().isValidSize(size)) {
            throw new MessageFault("vring " + vring.index() + " of " + size + " descriptors");
        }
        vring.size = (int) size;
        rings.notes().onResize(vring.index(), vring.size);
        return Answer.DONE;
    }

    Answer setVringBase(Message message) {
        VringConfig vring = stoppedVring(message);
        long base = message.u32(MessageLayout.STATE_NUM);
        if (!layout().isValidBase(base)) {
            throw new MessageFault("base " + base + " of vring " + vring.index());
        }
        vring.base = (int) base;
        return Answer.DONE;
    }

    private RingLayout layout() {
        return RingLayout.of(device.negotiation.features());
    }

    private VringConfig stoppedVring(Message message) {
        VringConfig vring = device.vring(message.u32(MessageLayout.STATE_INDEX));
        if (vring.isStarted()) {
            throw new MessageFault("vring " + vring.index() + " is running");
        }
        return vring;
    }

    /** Checked at once if memory and size are known, else when the ring starts. A running ring goes on at its new place. */
    Answer setVringAddr(Message message) {
        VringConfig vring = device.vring(message.u32(MessageLayout.ADDRESS_INDEX));
        if ((message.u32(MessageLayout.ADDRESS_FLAGS) & ~MessageLayout.ADDRESS_FLAG_LOG) != 0) {
            throw new MessageFault("unknown flags in the addresses of vring " + vring.index());
        }
        VringAddresses addresses = VringAddresses.read(message);
        VringAddresses before = vring.addresses;
        if (before != null && addresses.isAt(before)) {
            vring.addresses = addresses;
            return addresses.equals(before) ? Answer.DONE : rings.refresh(() -> Answer.DONE);
        }
        if (vring.size != 0 && device.memory() != MemoryTable.EMPTY) {
            rings.check(addresses, vring.size);
        }
        if (!vring.isStarted()) {
            vring.addresses = addresses;
            return Answer.DONE;
        }
        return rings.stop(vring, () -> {
            vring.addresses = addresses;
            return rings.start(vring);
        });
    }

    /** The descriptor makes the ring start; a ring that runs is started anew with it. */
    Answer setVringKick(Message message) {
        VringConfig vring = notifiedVring(message);
        rings.check(vring);
        EventFd kick = NotifyFds.takeKick(message);
        device.retired.add(vring.kick);
        vring.kick = kick;
        return rings.stop(vring, () -> rings.start(vring));
    }

    Answer setVringCall(Message message) {
        VringConfig vring = notifiedVring(message);
        return rings.replaceCall(vring, NotifyFds.takeSignal(message));
    }

    Answer setVringErr(Message message) {
        VringConfig vring = notifiedVring(message);
        return rings.replaceError(vring, NotifyFds.takeSignal(message));
    }

    /** The ring of a message whose one number has the index in bits 0 to 7 and in bit 8 that no descriptor comes along. */
    private VringConfig notifiedVring(Message message) {
        long value = message.u64();
        if ((value & ~(MessageLayout.VRING_INDEX_MASK | MessageLayout.VRING_NO_FD)) != 0) {
            throw new MessageFault(String.format("vring 0x%x", value));
        }
        boolean announced = (value & MessageLayout.VRING_NO_FD) == 0;
        if (announced != (message.fdCount() == 1)) {
            throw new MessageFault(message.fdCount() + " descriptors where the payload says otherwise");
        }
        return device.vring(value & MessageLayout.VRING_INDEX_MASK);
    }

    Answer setVringEnable(Message message) {
        VringConfig vring = device.vring(message.u32(MessageLayout.STATE_INDEX));
        long enable = message.u32(MessageLayout.STATE_NUM);
        if (enable > 1) {
            throw new MessageFault("enable " + enable + " for vring " + vring.index());
        }
        if (!device.negotiation.ringsStartDisabled()) {
            throw new MessageFault("rings are not enabled one by one without VHOST_USER_F_PROTOCOL_FEATURES");
        }
        return rings.enable(vring, enable == 1);
    }

    /**
     * Stops a ring and tells where its driver's next chain is. It forgets its addresses and kick, which the next start
     * brings anew. Error and call descriptors stay, and whether it is enabled: QEMU sends the first once only, and a
     * front-end whose driver resets one queue (RING_RESET) need not say again what has not changed.
     */
    Answer getVringBase(Message message) {
        VringConfig vring = device.vring(message.u32(MessageLayout.STATE_INDEX));
        return rings.stop(vring, () -> {
            device.retired.add(vring.kick);
            vring.kick = null;
            vring.addresses = null;
            return new Answer.VringState(vring.index(), vring.base);
        });
    }
}
