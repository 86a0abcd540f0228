package io.annulet.vfio;

/** 256 bytes that a test writes as it likes; a write to the status register clears what it names, as hardware does. */
final class FakeConfigSpace implements ConfigSpace {

    private static final int STATUS = 6;

    final byte[] bytes = new byte[256];

    @Override
    public long read(int offset, int byteLength) {
        long value = 0;
        for (int i = byteLength - 1; i >= 0; i--) {
            value = value << 8 | (bytes[offset + i] & 0xff);
        }
        return value;
    }

    @Override
    public void write(int offset, int byteLength, long value) {
        set(offset, byteLength, offset == STATUS ? read(offset, byteLength) & ~value : value);
    }

    void set(int offset, int byteLength, long value) {
        for (int i = 0; i < byteLength; i++) {
            bytes[offset + i] = (byte) (value >>> (8 * i));
        }
    }

    void capability(int offset, int id, int next) {
        set(STATUS, 2, 0x10);
        set(offset, 1, id);
        set(offset + 1, 1, next);
    }
}
