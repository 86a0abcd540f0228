package io.annulet.cli.study.syscalls;

import java.util.stream.Stream;

/** How messages get through the tap. */
enum Way {
    /** A read or write for each, of header and frame in one piece. */
    EACH("each", "read/write each"),
    /** A readv or writev for each, of header and two halves of the frame. A tap takes one frame a call, whatever the call. */
    GATHER("gather", "readv/writev each, 3 pieces"),
    /** io_uring: requests for all of them, handed over in one call. */
    URING("uring", "io_uring"),
    /** Likewise, gathered and scattered. */
    URING_GATHER("uring-gather", "io_uring, 3 pieces"),
    /** Likewise in one piece, with the tap and the memory registered before. */
    URING_FIXED("uring-fixed", "io_uring, registered");

    private final String key;
    private final String title;

    Way(String key, String title) {
        this.key = key;
        this.title = title;
    }

    static Way of(String key) {
        return Stream.of(values())
                .filter(way -> way.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("way " + key));
    }

    String key() {
        return key;
    }

    String title() {
        return title;
    }

    boolean isUring() {
        return this == URING || this == URING_GATHER || this == URING_FIXED;
    }
}
