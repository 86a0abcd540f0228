package io.annulet.backend.control;

import io.annulet.backend.handover.PassedDevice;
import io.annulet.backend.handover.SentFds;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Mapping;
import io.annulet.linux.Pages;
import io.annulet.linux.Seals;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.PageLog;
import io.annulet.vhostuser.MessageLayout;

/**
 * The log of written pages that a front-end shares, mapped; owned by the control thread. {@link #isWhole} may be asked by
 * any thread.
 */
final class LogMapping implements AutoCloseable {

    private final Fd file;
    private final Mapping mapping;
    private final long address;
    private final long byteLength;
    private final long fileOffset;
    private final long end;
    private final boolean sealed;
    private boolean closed;

    private LogMapping(
            Fd file, Mapping mapping, long address, long byteLength, long fileOffset, long end, boolean sealed) {
        this.file = file;
        this.mapping = mapping;
        this.address = address;
        this.byteLength = byteLength;
        this.fileOffset = fileOffset;
        this.end = end;
        this.sealed = sealed;
    }

    /** Maps the log that a message tells of. */
    static LogMapping of(Message message, SealPolicy policy) {
        long size = message.u64(MessageLayout.LOG_SIZE);
        long offset = message.u64(MessageLayout.LOG_OFFSET);
        return of(message.takeFd(0, MappedRegion::checkKind), size, offset, policy);
    }

    /** Maps the log in a file, which it takes over. */
    static LogMapping of(Fd file, long size, long offset, SealPolicy policy) {
        boolean mapped = false;
        try {
            LogMapping log = map(file, size, offset, policy);
            mapped = true;
            return log;
        } catch (LinuxException e) {
            throw new MessageFault(e.getMessage());
        } finally {
            if (!mapped) {
                file.close();
            }
        }
    }

    private static LogMapping map(Fd file, long size, long offset, SealPolicy policy) {
        boolean sealed = Seals.has(file, Seals.SHRINK) || Seals.add(file, Seals.SHRINK);
        if (!sealed && policy == SealPolicy.REQUIRE) {
            throw new MessageFault("a log that cannot be sealed, and seal=require");
        }
        long end = FileDescriptors.status(file).byteLength();
        if (size <= 0 || offset < 0 || (offset & 7) != 0 || size > end - offset) {
            throw new MessageFault("a log of " + Long.toUnsignedString(size) + " bytes at offset "
                    + Long.toUnsignedString(offset) + " of a file of " + end);
        }
        long start = offset & -Pages.byteLength();
        Mapping mapping = Mapping.map(
                file, start, offset + size - start, Mapping.Protection.READ_WRITE, Mapping.Option.NO_RESERVE);
        // Whole words only: a bit is set in eight bytes at once.
        return new LogMapping(
                file, mapping, mapping.address() + (offset - start), size & -8L, offset, offset + size, sealed);
    }

    /** As it is passed on. */
    PassedDevice.Log passed(SentFds fds) {
        return new PassedDevice.Log(fds.add(file), end - fileOffset, fileOffset);
    }

    /** The log for a queue that writes into {@code memory}. */
    PageLog in(GuestMemory memory) {
        return new PageLog(address, byteLength, memory);
    }

    /** Whether the file is still as long as the log needs. From any thread. */
    synchronized boolean isWhole() {
        return closed || sealed || FileDescriptors.status(file).byteLength() >= end;
    }

    /** Whether an access may have failed since the file has holes and nothing to fill them with. From any thread. */
    synchronized boolean mayLackPages() {
        return !closed && FileDescriptors.status(file).mayLackPages();
    }

    /** Unmaps the log: nobody may use it any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            file.close();
            mapping.close();
        }
    }
}
