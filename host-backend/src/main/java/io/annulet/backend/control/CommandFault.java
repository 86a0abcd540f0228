package io.annulet.backend.control;

/** A command on the control queue that breaks a rule: the driver gets VIRTIO_NET_ERR, and nothing has changed. */
final class CommandFault extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommandFault(String what) {
        super(what, null, false, false);
    }
}
