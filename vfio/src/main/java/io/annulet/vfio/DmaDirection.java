package io.annulet.vfio;

/** What a device may do with memory that it is given, from the device's side. */
public enum DmaDirection {
    /** What is to be sent: the device cannot change a byte of it. */
    READ(true, false),
    /** What is received: the device cannot learn what was there before. */
    WRITE(false, true),
    /** Rings that the device writes back, and nothing else. */
    BOTH(true, true);

    private final boolean readable;
    private final boolean writable;

    DmaDirection(boolean readable, boolean writable) {
        this.readable = readable;
        this.writable = writable;
    }

    boolean isReadable() {
        return readable;
    }

    boolean isWritable() {
        return writable;
    }
}
