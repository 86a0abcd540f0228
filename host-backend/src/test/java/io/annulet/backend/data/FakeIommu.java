package io.annulet.backend.data;

import io.annulet.memory.HostMemory;
import io.annulet.vfio.DmaDirection;
import io.annulet.vfio.DmaMapper;
import java.util.Map;
import java.util.TreeMap;

/** Translates what a {@link FakeNic} reads and writes, and counts what it may not; used by one thread. */
final class FakeIommu implements DmaMapper {

    int faults;

    private final TreeMap<Long, Mapped> mappings = new TreeMap<>();

    private record Mapped(long address, long byteLength, DmaDirection direction) {}

    @Override
    public void map(long address, long iova, long byteLength, DmaDirection direction) {
        if (((address | iova | byteLength) & 4095) != 0) {
            throw new AssertionError("not whole pages");
        }
        mappings.put(iova, new Mapped(address, byteLength, direction));
    }

    @Override
    public void unmap(long iova, long byteLength) {
        Mapped mapped = mappings.remove(iova);
        if (mapped == null || mapped.byteLength() != byteLength) {
            throw new AssertionError("not mapped like that: " + mapped);
        }
    }

    int mappings() {
        return mappings.size();
    }

    byte[] read(long iova, int byteLength) {
        long address = translate(iova, byteLength, DmaDirection.WRITE);
        return address == 0 ? new byte[byteLength] : HostMemory.copyOut(address, byteLength);
    }

    void write(long iova, byte[] bytes) {
        long address = translate(iova, bytes.length, DmaDirection.READ);
        for (int i = 0; address != 0 && i < bytes.length; i++) {
            HostMemory.storeByte(address + i, bytes[i]);
        }
    }

    private long translate(long iova, int byteLength, DmaDirection not) {
        Map.Entry<Long, Mapped> entry = mappings.floorEntry(iova);
        if (entry == null
                || iova + byteLength > entry.getKey() + entry.getValue().byteLength()
                || entry.getValue().direction() == not) {
            faults++;
            return 0;
        }
        return entry.getValue().address() + (iova - entry.getKey());
    }
}
