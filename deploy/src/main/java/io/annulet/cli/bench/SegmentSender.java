package io.annulet.cli.bench;

import io.annulet.cli.CommandFailure;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.NetHeaderLayout;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.traffic.FrameSizes;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

/** Sends the same TCP segment of 64 KiB again and again, as fast as it is taken; used by one thread at a time. */
final class SegmentSender {

    static final long FEATURES = VirtioFeature.VERSION_1
            | VirtioFeature.EVENT_IDX
            | VirtioFeature.NET_CSUM
            | VirtioFeature.NET_HOST_TSO4
            | VirtioFeature.NET_MRG_RXBUF;

    static final QueueOptions QUEUES = QueueOptions.DEFAULTS.withRingSize(128).withMaxFrameByteLength(FrameSizes.MAX);

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int ETHERNET_BYTES = 14;
    private static final int IP_BYTES = 20;
    private static final int TCP_BYTES = 20;
    private static final int HEADER_BYTES = ETHERNET_BYTES + IP_BYTES + TCP_BYTES;
    private static final int SEGMENT_BYTES = 1448;
    private static final int TCP_CHECKSUM_OFFSET = 16;

    /** Who has a transmit queue. */
    interface Guest extends AutoCloseable {
        DriverTransmitQueue queue();

        /** The queue was kicked; whoever has no eventfd passes it on. */
        void kicked();

        @Override
        void close();
    }

    private final Guest guest;
    private final byte[] headers = headers();

    SegmentSender(Guest guest) {
        this.guest = guest;
    }

    /** From locally administered addresses, and from and to addresses for documentation. */
    private static byte[] headers() {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.BIG_ENDIAN);
        bytes.putShort((short) 0x0200)
                .putInt(2)
                .putShort((short) 0x0200)
                .putInt(1)
                .putShort((short) 0x0800);
        bytes.putShort((short) 0x4500).putShort((short) (FrameSizes.MAX - ETHERNET_BYTES));
        bytes.putInt(0x4000).putShort((short) 0x4006).putShort((short) 0);
        bytes.putInt(0xc000_0201).putInt(0xc000_0202);
        bytes.putShort((short) 5001).putShort((short) 5001).putInt(1).putInt(1);
        bytes.putShort((short) 0x5010).putShort((short) 0xffff).putInt(0);
        return bytes.array();
    }

    /** Sends for so long, and until all of it was given back; returns how many frames that were. */
    long send(long nanos) {
        DriverTransmitQueue queue = guest.queue();
        long before = queue.usedFrames();
        long endNanos = System.nanoTime() + nanos;
        while (System.nanoTime() - endNanos < 0) {
            // Half a ring at a time: a kick is a line on a socket for one of the two, which is not what is compared.
            if (queue.outstanding() <= queue.capacity() / 2) {
                fill(queue);
            }
            if (queue.reclaim() == 0) {
                Thread.onSpinWait();
            }
        }
        while (queue.outstanding() > 0) {
            queue.reclaim();
            if (System.nanoTime() - endNanos > PATIENCE_NANOS) {
                throw new CommandFailure(
                        queue.outstanding() + " segments are not given back", "see the back-end's log");
            }
        }
        return queue.usedFrames() - before;
    }

    private void fill(DriverTransmitQueue queue) {
        for (long at = queue.reserve(); at != 0; at = queue.reserve()) {
            long header = queue.headerAddress();
            HostMemory.storeByte(header + NetHeaderLayout.FLAGS, (byte) NetHeaderLayout.FLAG_NEEDS_CSUM);
            HostMemory.storeByte(header + NetHeaderLayout.GSO_TYPE, (byte) NetHeaderLayout.GSO_TCPV4);
            HostMemory.storeShort(header + NetHeaderLayout.HDR_LEN, HEADER_BYTES);
            HostMemory.storeShort(header + NetHeaderLayout.GSO_SIZE, SEGMENT_BYTES);
            HostMemory.storeShort(header + NetHeaderLayout.CSUM_START, ETHERNET_BYTES + IP_BYTES);
            HostMemory.storeShort(header + NetHeaderLayout.CSUM_OFFSET, TCP_CHECKSUM_OFFSET);
            for (int i = 0; i < headers.length; i++) {
                HostMemory.storeByte(at + i, headers[i]);
            }
            queue.submit(FrameSizes.MAX);
        }
        if (queue.flush()) {
            guest.kicked();
        }
    }
}
