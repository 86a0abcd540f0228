package io.annulet.backend.control;

import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.handover.PassedDevice;
import io.annulet.backend.handover.SentFds;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.linux.Pages;
import io.annulet.linux.Seals;
import io.annulet.memory.HostMemory;
import io.annulet.vring.InflightChains;
import io.annulet.vring.InflightException;
import io.annulet.vring.InflightLayout;
import io.annulet.vring.InflightRegion;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.SplitRing;
import io.annulet.vring.Vring;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Memory that a front-end keeps for its back-ends, mapped, in which each notes what it has taken of each ring and not given
 * back; owned by the control thread, which reads and writes it through the file only. {@link #isWhole} may be asked by any
 * thread.
 *
 * <p>From vhost-user, QEMU 10, "Inflight I/O tracking". It is for rings of one layout and one size.
 */
final class InflightMemory implements AutoCloseable {

    /**
     * What it holds.
     *
     * @param packed whether it is for packed rings
     */
    record Shape(int queues, int queueSize, boolean packed) {

        long regionBytes() {
            return InflightLayout.regionBytes(packed, queueSize);
        }

        long byteLength() {
            return regionBytes() * queues;
        }

        boolean fits(Vring ring) {
            return ring.size() == queueSize && ring instanceof PackedRing == packed;
        }
    }

    private static final String NAME = "annulet-inflight";

    private final Shape shape;
    private final Fd file;
    private final long fileOffset;
    private final Mapping mapping;
    private final boolean sealed;
    private boolean closed;

    private InflightMemory(Shape shape, Fd file, long fileOffset, Mapping mapping, boolean sealed) {
        this.shape = shape;
        this.file = file;
        this.fileOffset = fileOffset;
        this.mapping = mapping;
        this.sealed = sealed;
    }

    /** A file for a shape, as a front-end is to keep it: no region in use, and of this length for good. */
    static Fd newFile(Shape shape) {
        Fd file = Memfd.create(NAME, shape.byteLength(), true);
        Seals.add(file, Seals.SHRINK | Seals.GROW);
        return file;
    }

    /**
     * Maps the memory in a file, which it takes over.
     *
     * @throws MessageFault if it is not memory of the kind and length it should be
     */
    static InflightMemory of(Shape shape, Fd file, long byteLength, long fileOffset, SealPolicy policy) {
        boolean mapped = false;
        try {
            InflightMemory memory = map(shape, file, byteLength, fileOffset, policy);
            mapped = true;
            return memory;
        } catch (LinuxException e) {
            throw new MessageFault(e.getMessage());
        } finally {
            if (!mapped) {
                file.close();
            }
        }
    }

    private static InflightMemory map(Shape shape, Fd file, long byteLength, long fileOffset, SealPolicy policy) {
        MappedRegion.checkKind(file);
        boolean sealed = Seals.has(file, Seals.SHRINK) || Seals.add(file, Seals.SHRINK);
        if (!sealed && policy == SealPolicy.REQUIRE) {
            throw new MessageFault("in-flight memory that cannot be sealed, and seal=require");
        }
        if (byteLength != shape.byteLength()) {
            throw new MessageFault("in-flight memory of " + Long.toUnsignedString(byteLength) + " bytes for "
                    + shape.queues() + " queues of " + shape.queueSize() + ", which need " + shape.byteLength());
        }
        long end = FileDescriptors.status(file).byteLength();
        if (fileOffset < 0 || (fileOffset & 7) != 0 || byteLength > end - fileOffset) {
            throw new MessageFault("in-flight memory of " + byteLength + " bytes at offset "
                    + Long.toUnsignedString(fileOffset) + " of a file of " + end);
        }
        long start = fileOffset & -Pages.byteLength();
        Mapping mapping = Mapping.map(
                file, start, fileOffset + byteLength - start, Mapping.Protection.READ_WRITE, Mapping.Option.NO_RESERVE);
        return new InflightMemory(shape, file, fileOffset, mapping, sealed);
    }

    /** As it is passed on. */
    PassedDevice.Inflight passed(SentFds fds) {
        return new PassedDevice.Inflight(
                fds.add(file), shape.byteLength(), fileOffset, shape.queues(), shape.queueSize(), shape.packed());
    }

    Shape shape() {
        return shape;
    }

    /** Whether it is for this ring; its size and layout are the memory's, which it has whatever the ring's become. */
    boolean isFor(QueueSetup setup) {
        return setup.queueIndex() < shape.queues() && shape.fits(setup.ring());
    }

    private long offsetOf(int queue) {
        return fileOffset + shape.regionBytes() * queue;
    }

    /**
     * The region of a ring that is about to start, and what an earlier device noted there.
     *
     * @throws InflightException if that contradicts itself or the ring: then {@link #anew}
     */
    InflightRegion read(QueueSetup setup, MemoryTable table) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(shape.regionBytes(), Long.BYTES);
            if (FileDescriptors.readAt(file, offsetOf(setup.queueIndex()), copy) != copy.byteSize()) {
                throw new MessageFault("in-flight memory is gone");
            }
            long address = HostMemory.addressOf(copy);
            InflightChains chains = switch (setup.ring()) {
                case SplitRing ring -> split(address, ring, setup.base(), table);
                case PackedRing ring -> packed(address, ring, setup.base() & 0xffff, table);
            };
            return new InflightRegion(addressOf(setup.queueIndex()), chains);
        }
    }

    /** Likewise with nothing noted. */
    InflightRegion anew(QueueSetup setup) {
        return new InflightRegion(addressOf(setup.queueIndex()), null);
    }

    private long addressOf(int queue) {
        return mapping.address() + offsetOf(queue) - (fileOffset & -Pages.byteLength());
    }

    private static @Nullable InflightChains split(long copy, SplitRing ring, int base, MemoryTable table) {
        int used = table.readShort(ring.usedIndexAddress());
        int available = table.readShort(ring.availIndexAddress());
        if (used < 0 || available < 0) {
            throw new MessageFault("the memory of a ring is gone");
        }
        InflightChains chains = InflightChains.ofSplit(copy, ring.size(), used, available);
        if (chains != null && base != used) {
            throw new InflightException("it is told to go on at " + base + ", and its used index is " + used);
        }
        return chains;
    }

    private static @Nullable InflightChains packed(long copy, PackedRing ring, int base, MemoryTable table) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(PackedRing.descriptorRingBytes(ring.size()), 16);
            long address = HostMemory.addressOf(bytes);
            if (!table.read(ring.descriptorsAddress(), bytes)) {
                throw new MessageFault("the memory of a ring is gone");
            }
            PackedRing shown = new PackedRing(address, address, address, ring.size());
            InflightChains chains = InflightChains.ofPacked(copy, shown);
            boolean isFresh = !shown.isWorked() && base == PackedPosition.START;
            if (chains != null && isFresh && chains.position() != base) {
                throw new InflightException("its driver has begun anew");
            }
            return chains;
        }
    }

    /** Nothing of a ring is in flight any more: its front-end was told where it stands. The worker has left it. */
    void forget(int queue) {
        long at = offsetOf(queue) + InflightLayout.FORGET_OFFSET;
        if (queue >= shape.queues() || FileDescriptors.status(file).byteLength() < at + InflightLayout.FORGET_BYTES) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zeros = arena.allocate(InflightLayout.FORGET_BYTES, Long.BYTES);
            if (FileDescriptors.writeAt(file, at, zeros) != zeros.byteSize()) {
                throw new MessageFault("in-flight memory that cannot be written");
            }
        }
    }

    /** Whether the file is still as long as the memory needs. From any thread. */
    synchronized boolean isWhole() {
        return closed || sealed || FileDescriptors.status(file).byteLength() >= fileOffset + shape.byteLength();
    }

    /** Whether an access may have failed since the file has holes and nothing to fill them with. From any thread. */
    synchronized boolean mayLackPages() {
        return !closed && FileDescriptors.status(file).mayLackPages();
    }

    /** Unmaps the memory: nobody may use it any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            file.close();
            mapping.close();
        }
    }
}
