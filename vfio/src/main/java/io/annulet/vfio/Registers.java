package io.annulet.vfio;

/**
 * Registers of a device, by their offset in its BAR. Each access is made once, as wide as it is named, in the order of
 * the program; a store is seen by the device after all stores to memory before it.
 */
public interface Registers {

    int loadByte(int offset);

    int loadShort(int offset);

    /** Loads 32 bits, unsigned. */
    long loadInt(int offset);

    void storeByte(int offset, int value);

    void storeShort(int offset, int value);

    /** Stores the low 32 bits. */
    void storeInt(int offset, long value);
}
