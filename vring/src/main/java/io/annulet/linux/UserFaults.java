package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A userfaultfd: whoever has its descriptor is told of accesses to pages that are missing, and brings them; see
 * userfaultfd(2). It is about the memory of the process that opened it, whoever has it. Any thread may call the methods.
 *
 * <p>Source: include/uapi/linux/userfaultfd.h of Linux.
 */
public final class UserFaults implements AutoCloseable {

    /** What {@link #nextFault} returns if nobody waits that was not told of yet. */
    public static final long NONE = -1;

    private static final int O_CLOEXEC = 0x80000;
    private static final int O_NONBLOCK = 0x800;
    private static final Path DEVICE = Path.of("/dev/userfaultfd");
    private static final long NEW = 0xaa00;
    private static final long API = 0xc018_aa3fL;
    private static final long REGISTER = 0xc020_aa00L;
    private static final long WAKE = 0x8010_aa02L;
    private static final long COPY = 0xc028_aa03L;
    private static final long API_VERSION = 0xaa;
    private static final long MODE_MISSING = 1;
    private static final int MESSAGE_BYTES = 32;
    private static final byte EVENT_PAGEFAULT = 0x12;
    private static final int MESSAGE_ADDRESS = 16;
    private static final String REMEDY =
            "check that the process has CAP_SYS_PTRACE or may open /dev/userfaultfd, and that it is"
                    + " in no sandbox; or leave postcopy=on out";

    private final Fd fd;

    private UserFaults(Fd fd) {
        this.fd = fd;
    }

    /**
     * Of this process's memory; faults inside system calls count too, for which the kernel asks for rights.
     *
     * @throws LinuxException with a remedy
     */
    public static UserFaults open() {
        UserFaults opened = new UserFaults(Fd.of((int) LinuxException.check(number(), "open a userfaultfd", REMEDY)));
        boolean agreed = false;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment api = arena.allocate(24, 8);
            api.set(JAVA_LONG, 0, API_VERSION);
            opened.request(API, api, "agree on the version of a userfaultfd");
            agreed = true;
            return opened;
        } finally {
            if (!agreed) {
                opened.close();
            }
        }
    }

    /** By the system call, or where that is not allowed by the device, whose file has rights of its own. */
    private static long number() {
        long opened = Kernel.userfaultfd(O_CLOEXEC | O_NONBLOCK);
        if (opened != -Errno.EPERM || !Files.isWritable(DEVICE)) {
            return opened;
        }
        try (Fd device = FileDescriptors.openDevice(DEVICE, REMEDY)) {
            return Kernel.ioctl(device.number(), NEW, O_CLOEXEC | O_NONBLOCK);
        }
    }

    /** One that another process opened, or this one: taken over. */
    public static UserFaults adopt(Fd fd) {
        return new UserFaults(fd);
    }

    public Fd fd() {
        return fd;
    }

    /** From now on whoever touches a missing page of a mapping waits until it has been brought. */
    public void register(Mapping mapping) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocate(32, 8);
            range.set(JAVA_LONG, 0, mapping.address());
            range.set(JAVA_LONG, 8, mapping.byteLength());
            range.set(JAVA_LONG, 16, MODE_MISSING);
            request(REGISTER, range, "have missing pages of " + mapping + " brought");
        }
    }

    /** Whoever waits in a range looks again whether the page is there, and whether there is a mapping still. */
    public void wake(long address, long byteLength) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocate(16, 8);
            range.set(JAVA_LONG, 0, address);
            range.set(JAVA_LONG, 8, byteLength);
            request(WAKE, range, "wake who waits for a page");
        }
    }

    /** Brings missing pages, all of their bytes at once, and wakes who waits for them. */
    public void copy(long toAddress, MemorySegment pages) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(40, 8);
            copy.set(JAVA_LONG, 0, toAddress);
            copy.set(JAVA_LONG, 8, pages.address());
            copy.set(JAVA_LONG, 16, pages.byteSize());
            request(COPY, copy, "bring " + pages.byteSize() + " bytes of pages");
        }
    }

    /** The address of an access that waits and was not told of yet, or {@link #NONE}. Does not wait. */
    public long nextFault() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(MESSAGE_BYTES, 8);
            long count = Kernel.read(fd.number(), message.address(), MESSAGE_BYTES);
            if (count == -Errno.EAGAIN) {
                return NONE;
            }
            LinuxException.check(count, "read what waits for a page");
            return message.get(JAVA_BYTE, 0) == EVENT_PAGEFAULT ? message.get(JAVA_LONG, MESSAGE_ADDRESS) : NONE;
        }
    }

    private void request(long request, MemorySegment argument, String action) {
        LinuxException.check(Kernel.ioctl(fd.number(), request, argument.address()), action, REMEDY);
    }

    /** Of no effect on others who have the descriptor. */
    @Override
    public void close() {
        fd.close();
    }
}
