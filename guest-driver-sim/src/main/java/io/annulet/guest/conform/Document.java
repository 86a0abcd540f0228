package io.annulet.guest.conform;

/** The specifications that rules come from. */
public enum Document {
    VHOST_USER("vhost-user, QEMU 10.0"),
    /** The text on starting rings was rewritten after QEMU 10, to say what implementations do. */
    VHOST_USER_2026("vhost-user, QEMU as of 2026"),
    VIRTIO("VIRTIO 1.2"),
    /** What the protocol's socket is by itself, since the protocol says nothing about how messages may be cut. */
    SOCKETS("Linux, socket(2)");

    private final String title;

    Document(String title) {
        this.title = title;
    }

    public String title() {
        return title;
    }
}
