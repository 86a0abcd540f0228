package io.annulet.cli.study.copy;

import java.util.stream.Stream;

/** How a payload gets from a sender's buffer to where it is wanted. */
enum Route {
    /** Into a private buffer and from there into the receiver's. */
    TWO("two", "two copies", "the sender's buffer until the first copy, a private buffer of B bytes until the second"),
    /** From the sender's buffer into the receiver's. */
    ONE("one", "one copy", "the sender's buffer during the copy"),
    /** Likewise by the real queues and ports, from ring to ring. */
    BACKEND("backend", "one copy, ring to ring", "the sender's buffer until the end of its burst"),
    /** From ring to ring through a port with a private queue. */
    BACKEND_TWO("backend-two", "two copies, ring to ring", "a private queue's B bytes and a record of 16"),
    /** A private copy that is already there, written to a sink that takes no bytes: the system call by itself. */
    WRITE_NULL("write-null", "write, no copy, to null", "nothing"),
    GATHER_NULL("gather-null", "writev from guest, to null", "the sender's buffer during the call"),
    COPY_NULL("copy-null", "copy and write, to null", "a private buffer of B bytes during the call"),
    GATHER_TAP(
            "gather-tap",
            "writev from guest, to tap",
            "the sender's buffer during the call; the kernel then has a copy"),
    COPY_TAP(
            "copy-tap",
            "copy and write, to tap",
            "a private buffer of B bytes during the call; the kernel then has a copy"),
    /** The kernel copies into a pipe, as into a socket. */
    COPY_PIPE("copy-pipe", "kernel copy, through a pipe", "the kernel's pages, until they are read"),
    /** The kernel pins the sender's pages and passes them on: no copy, as with DMA. */
    LEND("lend", "pages lent, no copy", "the sender's pages, pinned from the call until the reader is done");

    private final String key;
    private final String title;
    private final String held;

    Route(String key, String title, String held) {
        this.key = key;
        this.title = title;
        this.held = held;
    }

    static Route of(String key) {
        return Stream.of(values())
                .filter(route -> route.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("route " + key));
    }

    String key() {
        return key;
    }

    String title() {
        return title;
    }

    /** What memory cannot be used for anything else while a frame is on its way. */
    String held() {
        return held;
    }

    /** How often the processor copies the payload in user space. */
    int userCopies() {
        return switch (this) {
            case TWO, BACKEND_TWO -> 2;
            case ONE, BACKEND, COPY_NULL, COPY_TAP -> 1;
            default -> 0;
        };
    }

    /** How often the kernel does. */
    int kernelCopies() {
        return switch (this) {
            case GATHER_TAP, COPY_TAP, COPY_PIPE -> 1;
            default -> 0;
        };
    }

    boolean needsTap() {
        return this == GATHER_TAP || this == COPY_TAP;
    }

    /** Bytes held for each frame in flight once the sender may go on with other things. */
    long heldBytes(int payloadBytes) {
        int page = 4096;
        return switch (this) {
            case TWO, BACKEND_TWO -> payloadBytes;
            case LEND, COPY_PIPE -> (payloadBytes + page - 1L) / page * page;
            default -> 0;
        };
    }
}
