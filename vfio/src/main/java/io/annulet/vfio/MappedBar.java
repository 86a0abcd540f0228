package io.annulet.vfio;

import io.annulet.linux.DeviceMemory;
import io.annulet.linux.Mapping;

/** A BAR of a device, or a part of one, mapped into this process; unmapped by whoever owns the device. */
final class MappedBar implements Registers, AutoCloseable {

    private final Mapping mapping;
    private final long address;
    private final int byteLength;

    MappedBar(Mapping mapping) {
        this.mapping = mapping;
        this.address = mapping.address();
        this.byteLength = (int) Math.min(mapping.byteLength(), Integer.MAX_VALUE);
    }

    private long at(int offset, int bytes) {
        if (offset < 0 || offset > byteLength - bytes) {
            throw new IndexOutOfBoundsException("register 0x" + Integer.toHexString(offset) + " of " + byteLength);
        }
        return address + offset;
    }

    @Override
    public int loadByte(int offset) {
        return DeviceMemory.loadByte(at(offset, 1));
    }

    @Override
    public int loadShort(int offset) {
        return DeviceMemory.loadShort(at(offset, 2));
    }

    @Override
    public long loadInt(int offset) {
        return DeviceMemory.loadInt(at(offset, 4));
    }

    @Override
    public void storeByte(int offset, int value) {
        DeviceMemory.storeByte(at(offset, 1), value);
    }

    @Override
    public void storeShort(int offset, int value) {
        DeviceMemory.storeShort(at(offset, 2), value);
    }

    @Override
    public void storeInt(int offset, long value) {
        DeviceMemory.storeInt(at(offset, 4), value);
    }

    @Override
    public void close() {
        mapping.close();
    }
}
