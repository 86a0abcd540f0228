package io.annulet.vfio;

/** The PCI configuration space of a device; values are little-endian and unsigned. */
public interface ConfigSpace {

    /** Reads {@code byteLength} bytes: 1, 2 or 4. */
    long read(int offset, int byteLength);

    void write(int offset, int byteLength, long value);
}
