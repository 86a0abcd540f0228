package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertNull;

import io.annulet.backend.offload.Offload;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;

/** A burst of frames that a test made, in memory of the test, each cut into buffers anywhere. */
final class SentBurst {

    private static final int ROOM = CollectingPort.ROOM;
    private static final int MOST_PIECES = 40;

    final FrameBurst burst = new FrameBurst(1024);
    private final Random random;
    private final MemorySegment memory;

    SentBurst(Random random, int mostFrames) {
        this.random = random;
        this.memory = Arena.ofAuto().allocate((long) mostFrames * ROOM, 64);
    }

    /** Fills the burst with frames whose sender may use everything; returns the list of all of them. */
    FrameList fill(List<SentFrame> sent) {
        burst.clear();
        FrameList list = new FrameList();
        for (int i = 0; i < sent.size(); i++) {
            addChain(i, sent.get(i));
            burst.snapshot(i, NetHeader.BYTES, Offload.ALL);
            assertNull(burst.drop(i), "frame " + i + ", " + sent.get(i).kind);
            list.add(i);
        }
        return list;
    }

    private void addChain(int i, SentFrame sent) {
        long at = HostMemory.addressOf(memory) + (long) i * ROOM + random.nextInt(8);
        byte[] whole = new byte[NetHeader.BYTES + sent.bytes.length];
        System.arraycopy(sent.header, 0, whole, 0, NetHeader.BYTES);
        System.arraycopy(sent.bytes, 0, whole, NetHeader.BYTES, sent.bytes.length);
        HostMemory.copyIn(MemorySegment.ofArray(whole), at);
        ChainBurst pieces = new ChainBurst(MOST_PIECES + 1, MOST_PIECES + 1);
        int done = 0;
        while (done < whole.length) {
            int longest = random.nextBoolean() ? 20 : 2000;
            int piece = pieces.count() == MOST_PIECES || random.nextInt(8) == 0
                    ? whole.length - done
                    : Math.min(1 + random.nextInt(longest), whole.length - done);
            pieces.addOwn(i, at + done, piece);
            done += piece;
        }
        burst.chains().addParts(i, pieces, 0, 0, whole.length);
    }
}
