package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import io.annulet.vhostuser.NetControl;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What a driver is told of the counts of its queues: asked and written out on the control thread, filled in by the workers
 * of the queues in between.
 */
final class StatsReport {

    private static final int COUNTS = 6;
    private static final int BYTES_EACH = NetControl.STATS_HEADER_BYTES + COUNTS * Long.BYTES;
    private static final long[] NONE = new long[COUNTS];

    private final NetState state;
    private final List<Integer> queues = new ArrayList<>();
    private AtomicReferenceArray<long[]> counts = new AtomicReferenceArray<>(0);

    StatsReport(NetState state) {
        this.state = state;
    }

    void ask(int queue) {
        queues.add(queue);
    }

    /** Has each queue's worker tell; {@code done} is called by the last. */
    void collect(PortProxy port, Runnable done) {
        counts = new AtomicReferenceArray<>(queues.size());
        AtomicInteger left = new AtomicInteger(queues.size());
        for (int i = 0; i < queues.size(); i++) {
            int place = i;
            port.readStats(queues.get(i), found -> {
                counts.set(place, found);
                if (left.decrementAndGet() == 0) {
                    done.run();
                }
            });
        }
    }

    ByteBuffer bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(queues.size() * BYTES_EACH).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < queues.size(); i++) {
            int queue = queues.get(i);
            if (queue == state.controlIndex()) {
                begin(bytes, NetControl.STATS_CVQ, queue, 2);
                bytes.putLong(state.commands()).putLong(state.commandsDone());
            } else {
                begin(bytes, queue % 2 == 0 ? NetControl.STATS_RX_BASIC : NetControl.STATS_TX_BASIC, queue, COUNTS);
                long[] found = counts.get(i);
                for (long count : found.length == COUNTS ? found : NONE) {
                    bytes.putLong(count);
                }
            }
        }
        return bytes.flip();
    }

    private static void begin(ByteBuffer bytes, int kind, int queue, int counts) {
        int byteLength = NetControl.STATS_HEADER_BYTES + counts * Long.BYTES;
        bytes.put((byte) kind)
                .put((byte) 0)
                .putShort((short) queue)
                .putShort((short) 0)
                .putShort((short) byteLength);
    }
}
