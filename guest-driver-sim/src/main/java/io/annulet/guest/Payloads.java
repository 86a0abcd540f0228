package io.annulet.guest;

import io.annulet.vhostuser.MessageLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Payloads of the front-end's messages, for those who send them by hand too; {@link MessageLayout} draws them. */
public final class Payloads {

    private static final byte[] NOTHING = {};

    private Payloads() {}

    public static byte[] nothing() {
        return NOTHING;
    }

    public static byte[] u64(long value) {
        byte[] payload = new byte[8];
        over(payload).putLong(value);
        return payload;
    }

    /** A vring's index and a number, each 32 bits. */
    public static byte[] vringState(int index, int number) {
        byte[] payload = new byte[8];
        over(payload).putInt(index).putInt(number);
        return payload;
    }

    /** Where a ring lies, in user addresses. */
    public static byte[] vringAddress(
            int index, int flags, long descriptors, long used, long available, long logGuestAddress) {
        byte[] payload = new byte[40];
        over(payload)
                .putInt(index)
                .putInt(flags)
                .putLong(descriptors)
                .putLong(used)
                .putLong(available)
                .putLong(logGuestAddress);
        return payload;
    }

    /** A memory table. */
    public static byte[] memoryTable(List<RamRegion> regions) {
        byte[] payload = new byte[MessageLayout.TABLE_REGIONS + MessageLayout.REGION_BYTES * regions.size()];
        ByteBuffer bytes = over(payload).putInt(regions.size()).putInt(0);
        regions.forEach(region -> put(bytes, region));
        return payload;
    }

    /** Length of the log of written pages, and where it begins in its file. */
    public static byte[] log(long byteLength, long fileOffset) {
        byte[] payload = new byte[16];
        over(payload).putLong(byteLength).putLong(fileOffset);
        return payload;
    }

    /** An in-flight area. */
    public static byte[] inflight(long byteLength, long fileOffset, int queues, int queueSize) {
        byte[] payload = new byte[24];
        over(payload)
                .putLong(byteLength)
                .putLong(fileOffset)
                .putShort((short) queues)
                .putShort((short) queueSize);
        return payload;
    }

    /** A piece of configuration space. */
    public static byte[] config(int offset, int flags, byte[] bytes) {
        byte[] payload = new byte[MessageLayout.CONFIG_BYTES + bytes.length];
        over(payload).putInt(offset).putInt(bytes.length).putInt(flags).put(bytes);
        return payload;
    }

    /** A translation of I/O addresses, or a question about one. */
    public static byte[] iotlb(long ioAddress, long byteLength, long userAddress, int permission, int type) {
        byte[] payload = new byte[32];
        over(payload)
                .putLong(ioAddress)
                .putLong(byteLength)
                .putLong(userAddress)
                .put((byte) permission)
                .put((byte) type);
        return payload;
    }

    public static byte[] singleRegion(RamRegion region) {
        byte[] payload = new byte[MessageLayout.SINGLE_REGION + MessageLayout.REGION_BYTES];
        put(over(payload).putLong(0), region);
        return payload;
    }

    private static void put(ByteBuffer bytes, RamRegion region) {
        bytes.putLong(region.guestAddress())
                .putLong(region.byteLength())
                .putLong(region.userAddress())
                .putLong(region.fileOffset());
    }

    private static ByteBuffer over(byte[] payload) {
        return ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    }
}
