package io.annulet.backend.control;

import io.annulet.vhostuser.MessageLayout;

/** Where a ring's three areas are, in the front-end's addresses, as SET_VRING_ADDR gives them. */
record VringAddresses(long descriptor, long available, long used) {

    static VringAddresses read(Message message) {
        return new VringAddresses(
                message.u64(MessageLayout.ADDRESS_DESCRIPTOR),
                message.u64(MessageLayout.ADDRESS_AVAILABLE),
                message.u64(MessageLayout.ADDRESS_USED));
    }
}
