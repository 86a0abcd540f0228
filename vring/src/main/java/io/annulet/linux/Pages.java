package io.annulet.linux;

/** The size of the machine's memory pages, which on aarch64 can be 4, 16 or 64 KiB. */
public final class Pages {
    private static final long BYTE_LENGTH = readByteLength();

    private Pages() {}

    public static long byteLength() {
        return BYTE_LENGTH;
    }

    /** {@code byteLength} rounded up to whole pages. */
    public static long roundUp(long byteLength) {
        return Math.addExact(byteLength, BYTE_LENGTH - 1) & -BYTE_LENGTH;
    }

    /** The blocks of a memory file are pages. */
    private static long readByteLength() {
        try (Fd fd = Memfd.create("page-size", 0, false)) {
            return FileDescriptors.status(fd).fileSystemBlockByteLength();
        }
    }
}
