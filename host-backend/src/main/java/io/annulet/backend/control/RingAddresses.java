package io.annulet.backend.control;

/** Where rings of a device are, as it was told and as it is looked up; owned by the control thread. */
final class RingAddresses {

    private final Device device;

    RingAddresses(Device device) {
        this.device = device;
    }

    /** As the front-end told; refused if it has not. */
    VringAddresses told(VringConfig vring) {
        VringAddresses addresses = vring.addresses;
        if (vring.size == 0 || addresses == null) {
            throw new MessageFault("vring " + vring.index() + " is started before its size and addresses are set");
        }
        return addresses;
    }

    /** Likewise as they are looked up. */
    VringAddresses known(VringConfig vring, MemoryTable memory) {
        return known(told(vring), vring.size, memory);
    }

    /** Where what is present is known by guest addresses, those of rings are made such. */
    VringAddresses known(VringAddresses told, int size, MemoryTable memory) {
        return device.postcopy.isListening()
                ? RingLayout.of(device.negotiation.features()).inGuest(told, size, memory)
                : told;
    }
}
