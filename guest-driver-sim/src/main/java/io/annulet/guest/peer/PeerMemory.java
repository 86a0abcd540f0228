package io.annulet.guest.peer;

import io.annulet.guest.Message;
import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import io.annulet.vhostuser.MessageLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The memory that a front-end shared with a {@link ReferenceBackEnd}, mapped; owned by the back-end's thread. */
final class PeerMemory implements AutoCloseable {

    private record Mapped(Region region, Mapping mapping) {}

    private final List<Mapped> regions = new ArrayList<>();
    private GuestMemory table = GuestMemory.EMPTY;

    GuestMemory table() {
        return table;
    }

    /** SET_MEM_TABLE: all regions at once in place of those before. */
    void replaceAll(Message message) {
        close();
        ByteBuffer payload = message.payload();
        int count = payload.getInt(MessageLayout.TABLE_COUNT);
        for (int i = 0; i < count; i++) {
            map(
                    payload,
                    MessageLayout.TABLE_REGIONS + i * MessageLayout.REGION_BYTES,
                    message.fds().get(i));
        }
        rebuild();
    }

    /** ADD_MEM_REG. */
    void add(Message message) {
        map(message.payload(), MessageLayout.SINGLE_REGION, message.fds().getFirst());
        rebuild();
    }

    /** REM_MEM_REG; false if there is no such region. */
    boolean remove(Message message) {
        ByteBuffer payload = message.payload();
        long guest = payload.getLong(MessageLayout.SINGLE_REGION + MessageLayout.REGION_GUEST_ADDRESS);
        for (Mapped mapped : regions) {
            if (mapped.region.guestAddress() == guest) {
                regions.remove(mapped);
                mapped.mapping.close();
                rebuild();
                return true;
            }
        }
        return false;
    }

    private void map(ByteBuffer payload, int at, Fd file) {
        long byteLength = payload.getLong(at + MessageLayout.REGION_SIZE);
        long offset = payload.getLong(at + MessageLayout.REGION_FILE_OFFSET);
        Mapping mapping = Mapping.map(file, 0, offset + byteLength, Mapping.Protection.READ_WRITE);
        Region region = new Region(
                payload.getLong(at + MessageLayout.REGION_GUEST_ADDRESS),
                payload.getLong(at + MessageLayout.REGION_USER_ADDRESS),
                byteLength,
                mapping.address() + offset);
        regions.add(new Mapped(region, mapping));
    }

    private void rebuild() {
        table = GuestMemory.of(regions.stream().map(Mapped::region).toList());
    }

    @Override
    public void close() {
        regions.forEach(mapped -> mapped.mapping.close());
        regions.clear();
        table = GuestMemory.EMPTY;
    }
}
