package io.annulet.vfio;

import java.util.Map;
import java.util.TreeMap;

/** Registers that keep what is stored, but for one bit that a test wants to clear itself, such as that of a reset. */
final class FakeRegisters implements Registers {

    private final Map<Integer, Long> values = new TreeMap<>();
    private final int selfClearing;
    private final long selfClearingBits;

    FakeRegisters(int selfClearing, long selfClearingBits) {
        this.selfClearing = selfClearing;
        this.selfClearingBits = selfClearingBits;
    }

    @Override
    public int loadByte(int offset) {
        return (int) loadInt(offset) & 0xff;
    }

    @Override
    public int loadShort(int offset) {
        return (int) loadInt(offset) & 0xffff;
    }

    @Override
    public long loadInt(int offset) {
        return values.getOrDefault(offset, 0L);
    }

    @Override
    public void storeByte(int offset, int value) {
        storeInt(offset, value & 0xff);
    }

    @Override
    public void storeShort(int offset, int value) {
        storeInt(offset, value & 0xffff);
    }

    @Override
    public void storeInt(int offset, long value) {
        long kept = offset == selfClearing ? value & ~selfClearingBits : value;
        values.put(offset, kept & 0xffff_ffffL);
    }
}
