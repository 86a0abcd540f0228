package io.annulet.backend.control;

import io.annulet.backend.handover.PassedDevice;
import io.annulet.vhostuser.MessageLayout;

/**
 * Where a ring's three areas are, in the front-end's addresses, as SET_VRING_ADDR gives them.
 *
 * @param isLogged whether writes to the used ring are logged, under the guest address {@code log}
 */
record VringAddresses(long descriptor, long available, long used, boolean isLogged, long log) {

    static VringAddresses read(Message message) {
        boolean isLogged = (message.u32(MessageLayout.ADDRESS_FLAGS) & MessageLayout.ADDRESS_FLAG_LOG) != 0;
        return new VringAddresses(
                message.u64(MessageLayout.ADDRESS_DESCRIPTOR),
                message.u64(MessageLayout.ADDRESS_AVAILABLE),
                message.u64(MessageLayout.ADDRESS_USED),
                isLogged,
                isLogged ? message.u64(MessageLayout.ADDRESS_LOG) : 0);
    }

    static VringAddresses of(PassedDevice.Places places) {
        return new VringAddresses(
                places.descriptor(), places.available(), places.used(), places.logged(), places.log());
    }

    PassedDevice.Places passed() {
        return new PassedDevice.Places(descriptor, available, used, isLogged, log);
    }

    /** Whether the ring is where it was, logged or not. */
    boolean isAt(VringAddresses other) {
        return descriptor == other.descriptor && available == other.available && used == other.used;
    }

    /** In the order of {@link RingLayout#areas}. */
    long[] areas() {
        return new long[] {descriptor, available, used};
    }
}
