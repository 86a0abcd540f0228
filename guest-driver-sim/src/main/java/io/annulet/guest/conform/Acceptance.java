package io.annulet.guest.conform;

import io.annulet.guest.FrontEndException;

/** Whether a back-end goes along with something that it is free to refuse. */
final class Acceptance {

    private Acceptance() {}

    /** Acknowledges the guest's features; false if the back-end refuses or closes the connection. */
    static boolean ofFeatures(ProbeGuest guest) {
        try {
            guest.setFeatures();
            guest.settle();
            return true;
        } catch (FrontEndException refused) {
            return false;
        }
    }
}
