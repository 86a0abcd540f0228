package io.annulet.backend.control;

import io.annulet.memory.IoTable;
import io.annulet.vhostuser.MessageLayout;

/** The message by which a front-end with an IOMMU tells of I/O addresses, and takes them back; owned by the control thread. */
final class IotlbMessages {

    private static final int OCTET_MASK = 0xff;

    private final Device device;
    private final Rings rings;

    IotlbMessages(Device device, Rings rings) {
        this.device = device;
        this.rings = rings;
    }

    /** What is taken back is not touched any more once this is answered. */
    Answer iotlbMsg(Message message) {
        if (!device.isBehindIommu()) {
            throw new MessageFault("needs VIRTIO_F_ACCESS_PLATFORM, which was not acknowledged");
        }
        long ioAddress = message.u64(MessageLayout.IOTLB_IOVA);
        long byteLength = message.u64(MessageLayout.IOTLB_SIZE);
        int access = octet(message, MessageLayout.IOTLB_PERMISSION);
        int type = octet(message, MessageLayout.IOTLB_TYPE);
        IoTable next;
        try {
            next = switch (type) {
                case MessageLayout.IOTLB_UPDATE ->
                    bounded(
                            device,
                            rings,
                            device.iotlb
                                    .table()
                                    .updated(
                                            ioAddress,
                                            byteLength,
                                            message.u64(MessageLayout.IOTLB_USER_ADDRESS),
                                            access,
                                            device.memory().memory()),
                            ioAddress,
                            byteLength);
                case MessageLayout.IOTLB_INVALIDATE ->
                    bounded(device, rings, device.iotlb.table().invalidated(ioAddress, byteLength), 0, 0);
                default -> throw new MessageFault("type " + type + ", which is neither an update nor an invalidation");
            };
        } catch (IllegalArgumentException bad) {
            throw new MessageFault(String.valueOf(bad.getMessage()));
        }
        return rings.goBy(next, device.memory());
    }

    private static int octet(Message message, int offset) {
        int shift = Byte.SIZE * (offset & (Integer.BYTES - 1));
        return (int) (message.u32(offset & -Integer.BYTES) >>> shift) & OCTET_MASK;
    }

    /** A table that has become too large keeps what rings need, and what was told last. */
    static IoTable bounded(Device device, Rings rings, IoTable table, long ioAddress, long byteLength) {
        int most = device.limits.translations();
        if (table.entryCount() <= most) {
            return table;
        }
        IoTable kept = table.only(rings.ranges(ioAddress, byteLength));
        if (kept.entryCount() > most) {
            throw new MessageFault("more than " + most + " pieces of rings and what was told last");
        }
        return kept;
    }
}
