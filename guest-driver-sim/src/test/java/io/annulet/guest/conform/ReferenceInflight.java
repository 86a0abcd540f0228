package io.annulet.guest.conform;

import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.MessageLayout;
import java.nio.ByteBuffer;
import java.util.Set;

/** The notes of the reference back-end on what it has taken from split rings; used by the back-end's thread. */
final class ReferenceInflight implements AutoCloseable {

    private static final int ENTRIES = 16;
    private static final int ENTRY_BYTES = 16;
    private static final int REGION_BYTES = 16 << 10;

    private final Set<Flaw> flaws;
    private final Mapping mapping;
    private final int queues;

    private ReferenceInflight(Set<Flaw> flaws, Fd file, int queues) {
        this.flaws = flaws;
        this.queues = queues;
        this.mapping = Mapping.map(file, 0, byteLength(queues), Mapping.Protection.READ_WRITE);
    }

    static long byteLength(int queues) {
        return (long) queues * REGION_BYTES;
    }

    /** GET_INFLIGHT_FD: a new file for as many queues. */
    static Fd newFile(ByteBuffer question) {
        return Memfd.create("inflight", byteLength(question.getShort(MessageLayout.INFLIGHT_QUEUES)), true);
    }

    /** SET_INFLIGHT_FD: a file that was made here. */
    static ReferenceInflight of(Set<Flaw> flaws, ByteBuffer payload, Fd file) {
        int queues = payload.getShort(MessageLayout.INFLIGHT_QUEUES);
        ReferenceInflight notes = new ReferenceInflight(flaws, file, queues);
        for (int queue = 0; queue < queues; queue++) {
            long region = notes.mapping.address() + (long) queue * REGION_BYTES;
            HostMemory.storeShort(region + 8, 1);
            HostMemory.storeShort(region + 10, payload.getShort(MessageLayout.INFLIGHT_QUEUE_SIZE));
        }
        return notes;
    }

    private boolean knows(int queue) {
        return queue < queues;
    }

    private long entry(int queue, int head) {
        return mapping.address() + (long) queue * REGION_BYTES + ENTRIES + (long) ENTRY_BYTES * head;
    }

    void taken(int queue, int head) {
        if (knows(queue)) {
            HostMemory.storeByte(entry(queue, head), 1);
        }
    }

    void givenBack(int queue, int head) {
        if (knows(queue) && !flaws.contains(Flaw.NEVER_LANDS)) {
            HostMemory.storeByte(entry(queue, head), 0);
        }
    }

    void used(int queue, int usedIndex) {
        if (knows(queue) && !flaws.contains(Flaw.FORGETS_USED_INDEX)) {
            HostMemory.storeShort(mapping.address() + (long) queue * REGION_BYTES + 14, usedIndex);
        }
    }

    @Override
    public void close() {
        mapping.close();
    }
}
