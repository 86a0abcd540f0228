package io.annulet.linux;

import static io.annulet.linux.Syscall.call;
import static io.annulet.linux.Syscall.callAgainIfFailed;
import static io.annulet.linux.Syscall.callOnce;
import static io.annulet.linux.Syscall.number;

/**
 * The system calls that Annulet makes, one method each, under the kernel's names. Every method returns the kernel's
 * answer or the negative error number, throws nothing and allocates nothing; pointers are addresses.
 *
 * <p>Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (aarch64) of Linux.
 */
final class Kernel {
    static final int AT_FDCWD = -100;

    private static final int READ = number(0, 63);
    private static final int LSEEK = number(8, 62);
    private static final int WRITE = number(1, 64);
    private static final int CLOSE = number(3, 57);
    private static final int MMAP = number(9, 222);
    private static final int MUNMAP = number(11, 215);
    private static final int IOCTL = number(16, 29);
    private static final int PREAD64 = number(17, 67);
    private static final int PWRITE64 = number(18, 68);
    private static final int READV = number(19, 65);
    private static final int WRITEV = number(20, 66);
    private static final int MADVISE = number(28, 233);
    private static final int SOCKET = number(41, 198);
    private static final int CONNECT = number(42, 203);
    private static final int SENDTO = number(44, 206);
    private static final int RECVFROM = number(45, 207);
    private static final int SENDMSG = number(46, 211);
    private static final int RECVMSG = number(47, 212);
    private static final int BIND = number(49, 200);
    private static final int LISTEN = number(50, 201);
    private static final int GETSOCKNAME = number(51, 204);
    private static final int SOCKETPAIR = number(53, 199);
    private static final int SETSOCKOPT = number(54, 208);
    private static final int GETSOCKOPT = number(55, 209);
    private static final int KILL = number(62, 129);
    private static final int FCNTL = number(72, 25);
    private static final int FTRUNCATE = number(77, 46);
    private static final int GETEUID = number(107, 175);
    private static final int CAPSET = number(126, 91);
    private static final int EXECVE = number(59, 221);
    private static final int PRCTL = number(157, 167);
    private static final int SECCOMP = number(317, 277);
    private static final int LANDLOCK_CREATE_RULESET = 444;
    private static final int LANDLOCK_ADD_RULE = 445;
    private static final int LANDLOCK_RESTRICT_SELF = 446;
    private static final int FSTATFS = number(138, 44);
    private static final int GETTID = number(186, 178);
    private static final int SCHED_SETAFFINITY = number(203, 122);
    private static final int SCHED_GETAFFINITY = number(204, 123);
    private static final int CLOCK_GETTIME = number(228, 113);
    private static final int OPENAT = number(257, 56);
    private static final int UNLINKAT = number(263, 35);
    private static final int READLINKAT = number(267, 78);
    private static final int FCHMODAT = number(268, 53);
    private static final int PPOLL = number(271, 73);
    private static final int UNSHARE = number(272, 97);
    private static final int SPLICE = number(275, 76);
    private static final int VMSPLICE = number(278, 75);
    private static final int FALLOCATE = number(285, 47);
    private static final int ACCEPT4 = number(288, 242);
    private static final int EVENTFD2 = number(290, 19);
    private static final int PIPE2 = number(293, 59);
    private static final int PERF_EVENT_OPEN = number(298, 241);
    private static final int PRLIMIT64 = number(302, 261);
    private static final int PREADV2 = number(327, 286);
    private static final int MEMFD_CREATE = number(319, 279);
    private static final int BPF = number(321, 280);
    private static final int USERFAULTFD = number(323, 282);
    private static final int STATX = number(332, 291);
    private static final int IO_URING_SETUP = number(425, 425);
    private static final int IO_URING_ENTER = number(426, 426);
    private static final int IO_URING_REGISTER = number(427, 427);

    private Kernel() {}

    // Bytes in and out.

    static long read(int fd, long address, long byteLength) {
        return call(READ, fd, address, byteLength);
    }

    static long write(int fd, long address, long byteLength) {
        return call(WRITE, fd, address, byteLength);
    }

    /** As {@link #write} to something that takes all or nothing; allocates nothing if it is taken. */
    static long writeWhole(int fd, long address, long byteLength) {
        return callAgainIfFailed(WRITE, fd, address, byteLength);
    }

    static long preadv2(int fd, long iovecAddress, int count, long offset, int flags) {
        // The offset is one word here; the next argument is its upper half on 32-bit machines.
        return call(PREADV2, fd, iovecAddress, count, offset, 0, flags);
    }

    static long pread(int fd, long address, long byteLength, long offset) {
        return call(PREAD64, fd, address, byteLength, offset);
    }

    static long pwrite(int fd, long address, long byteLength, long offset) {
        return call(PWRITE64, fd, address, byteLength, offset);
    }

    static long readv(int fd, long iovecAddress, int count) {
        return call(READV, fd, iovecAddress, count);
    }

    static long writev(int fd, long iovecAddress, int count) {
        return call(WRITEV, fd, iovecAddress, count);
    }

    // Files and descriptors.

    static long openat(int directory, long path, int flags) {
        return call(OPENAT, directory, path, flags, 0);
    }

    /** Never made twice: Linux has freed the number even when a signal interrupts the call. */
    static long close(int fd) {
        return callOnce(CLOSE, fd, 0, 0, 0, 0);
    }

    static long unlinkat(int directory, long path) {
        return call(UNLINKAT, directory, path, 0);
    }

    static long readlinkat(int directory, long path, long buffer, long byteLength) {
        return call(READLINKAT, directory, path, buffer, byteLength);
    }

    static long fchmodat(int directory, long path, int mode) {
        return call(FCHMODAT, directory, path, mode);
    }

    static long fcntl(int fd, int command, long argument) {
        return call(FCNTL, fd, command, argument);
    }

    static long ioctl(int fd, long request, long argument) {
        return call(IOCTL, fd, request, argument);
    }

    static long statx(int directory, long path, int flags, int mask, long buffer) {
        return call(STATX, directory, path, flags, mask, buffer, 0);
    }

    static long fstatfs(int fd, long buffer) {
        return call(FSTATFS, fd, buffer);
    }

    static long ftruncate(int fd, long byteLength) {
        return call(FTRUNCATE, fd, byteLength);
    }

    static long fallocate(int fd, int mode, long offset, long byteLength) {
        return call(FALLOCATE, fd, mode, offset, byteLength);
    }

    static long memfdCreate(long name, int flags) {
        return call(MEMFD_CREATE, name, flags);
    }

    static long eventfd2(int initial, int flags) {
        return call(EVENTFD2, initial, flags);
    }

    /** Returns -EINTR when interrupted: the caller counts what is left of its timeout. */
    static long ppoll(long pollFds, int count, long timespec) {
        return callOnce(PPOLL, pollFds, count, timespec, 0, 0);
    }

    static long pipe2(long pair, int flags) {
        return call(PIPE2, pair, flags);
    }

    static long vmsplice(int fd, long iovecAddress, int count, int flags) {
        return call(VMSPLICE, fd, iovecAddress, count, flags);
    }

    static long splice(int from, int to, long byteLength, int flags) {
        return call(SPLICE, from, 0, to, 0, byteLength, flags);
    }

    // Memory.

    static long mmap(long address, long byteLength, int protection, int flags, int fd, long offset) {
        return call(MMAP, address, byteLength, protection, flags, fd, offset);
    }

    static long munmap(long address, long byteLength) {
        return call(MUNMAP, address, byteLength);
    }

    static long lseek(int fd, long offset, int whence) {
        return call(LSEEK, fd, offset, whence);
    }

    static long madvise(long address, long byteLength, int advice) {
        return call(MADVISE, address, byteLength, advice);
    }

    // Sockets.

    static long socket(int domain, int type) {
        return socket(domain, type, 0);
    }

    static long socket(int domain, int type, int protocol) {
        return call(SOCKET, domain, type, protocol);
    }

    static long socketpair(int domain, int type, long pair) {
        return call(SOCKETPAIR, domain, type, 0, pair);
    }

    static long getsockname(int fd, long address, long byteLength) {
        return call(GETSOCKNAME, fd, address, byteLength, 0);
    }

    static long bind(int fd, long address, int byteLength) {
        return call(BIND, fd, address, byteLength);
    }

    static long listen(int fd, int backlog) {
        return call(LISTEN, fd, backlog);
    }

    static long connect(int fd, long address, int byteLength) {
        return call(CONNECT, fd, address, byteLength);
    }

    static long accept4(int fd, int flags) {
        return call(ACCEPT4, fd, 0, 0, flags);
    }

    static long send(int fd, long address, long byteLength, int flags) {
        return call(SENDTO, fd, address, byteLength, flags, 0, 0);
    }

    static long sendmsg(int fd, long message, int flags) {
        return call(SENDMSG, fd, message, flags);
    }

    static long recvmsg(int fd, long message, int flags) {
        return call(RECVMSG, fd, message, flags);
    }

    static long setsockopt(int fd, int level, int option, long value, int byteLength) {
        return call(SETSOCKOPT, fd, level, option, value, byteLength, 0);
    }

    /** Sends nothing, which wakes the side of the kernel that sends. */
    static long sendNothing(int fd, int flags) {
        return call(SENDTO, fd, 0, 0, flags, 0, 0);
    }

    /** Receives what one sender sent, and the sender's address, whose room's length is an int at {@code fromByteLength}. */
    static long recvfrom(int fd, long address, long byteLength, int flags, long from, long fromByteLength) {
        return call(RECVFROM, fd, address, byteLength, flags, from, fromByteLength);
    }

    /** Receives nothing, which wakes the side of the kernel that receives. */
    static long receiveNothing(int fd, int flags) {
        return call(RECVFROM, fd, 0, 0, flags, 0, 0);
    }

    static long getsockopt(int fd, int level, int option, long value, long byteLength) {
        return call(GETSOCKOPT, fd, level, option, value, byteLength, 0);
    }

    // Threads, time and rights.

    static long prctl(int option, long a, long b) {
        return call(PRCTL, option, a, b, 0, 0, 0);
    }

    static long capset(long header, long data) {
        return call(CAPSET, header, data, 0, 0);
    }

    static long execve(long path, long arguments, long environment) {
        return call(EXECVE, path, arguments, environment, 0);
    }

    static long seccomp(int operation, int flags, long arguments) {
        return call(SECCOMP, operation, flags, arguments, 0);
    }

    static long landlockCreateRuleset(long attributes, long byteLength, int flags) {
        return call(LANDLOCK_CREATE_RULESET, attributes, byteLength, flags, 0);
    }

    static long landlockAddRule(int ruleset, int type, long attributes) {
        return call(LANDLOCK_ADD_RULE, ruleset, type, attributes, 0);
    }

    static long landlockRestrictSelf(int ruleset) {
        return call(LANDLOCK_RESTRICT_SELF, ruleset, 0, 0, 0);
    }

    static long gettid() {
        return call(GETTID, 0);
    }

    static long geteuid() {
        return call(GETEUID, 0);
    }

    static long schedSetaffinity(int thread, long byteLength, long mask) {
        return call(SCHED_SETAFFINITY, thread, byteLength, mask);
    }

    static long schedGetaffinity(int thread, long byteLength, long mask) {
        return call(SCHED_GETAFFINITY, thread, byteLength, mask);
    }

    static long clockGettime(int clock, long timespec) {
        return call(CLOCK_GETTIME, clock, timespec);
    }

    static long userfaultfd(int flags) {
        return call(USERFAULTFD, flags);
    }

    static long bpf(int command, long attributes, int byteLength) {
        return call(BPF, command, attributes, byteLength);
    }

    static long ioUringSetup(int entries, long parameters) {
        return call(IO_URING_SETUP, entries, parameters);
    }

    static long ioUringEnter(int fd, int submit, int completions, int flags) {
        return call(IO_URING_ENTER, fd, submit, completions, flags);
    }

    static long ioUringRegister(int fd, int operation, long argument, int count) {
        return call(IO_URING_REGISTER, fd, operation, argument, count);
    }

    static long perfEventOpen(long attributes, int thread, int flags) {
        return call(PERF_EVENT_OPEN, attributes, thread, -1, -1, flags, 0);
    }

    static long unshare(int flags) {
        return call(UNSHARE, flags);
    }

    static long kill(int process, int signal) {
        return call(KILL, process, signal);
    }

    static long prlimit64(int process, int resource, long newLimit, long oldLimit) {
        return call(PRLIMIT64, process, resource, newLimit, oldLimit);
    }
}
