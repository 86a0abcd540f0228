package io.annulet.linux;

import static io.annulet.linux.Syscall.number;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Has the kernel refuse, to all threads of this process from now on, the system calls that a back-end which serves its
 * ports never makes; see seccomp(2). They end in EPERM. A call by the rules of another architecture ends the process.
 */
public final class SystemCallFilter {

    private static final int SET_MODE_FILTER = 1;
    private static final int TSYNC = 1;
    private static final int RETURN_ALLOW = 0x7fff0000;
    private static final int RETURN_EPERM = 0x00050000 | Errno.EPERM;
    private static final int RETURN_KILL = 0x80000000;
    private static final int ARCHITECTURE = number(0xc000003e, 0xc00000b7);
    private static final int X32_BIT = 0x40000000;

    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int JUMP_IF_AT_LEAST = 0x35;
    private static final int RETURN = 0x06;
    private static final int NUMBER_OFFSET = 0;
    private static final int ARCHITECTURE_OFFSET = 4;
    private static final int INSTRUCTION_BYTES = 8;

    /** Numbers on x86-64 and aarch64. */
    private static final int[] FORBIDDEN = {
        number(59, 221), // execve
        number(322, 281), // execveat
        number(101, 117), // ptrace
        number(310, 270), // process_vm_readv
        number(311, 271), // process_vm_writev
        number(165, 40), // mount
        number(166, 39), // umount2
        number(155, 41), // pivot_root
        number(161, 51), // chroot
        number(272, 97), // unshare
        number(308, 268), // setns
        number(175, 105), // init_module
        number(313, 273), // finit_module
        number(176, 106), // delete_module
        number(246, 104), // kexec_load
        number(320, 294), // kexec_file_load
        number(169, 142), // reboot
        number(167, 224), // swapon
        number(168, 225), // swapoff
        number(163, 89), // acct
        number(321, 280), // bpf
        number(298, 241), // perf_event_open
        number(323, 282), // userfaultfd
        number(248, 217), // add_key
        number(249, 218), // request_key
        number(250, 219), // keyctl
        number(304, 265), // open_by_handle_at
        number(135, 92), // personality
        number(105, 146), // setuid
        number(106, 144), // setgid
        number(113, 145), // setreuid
        number(114, 143), // setregid
        number(117, 147), // setresuid
        number(119, 149), // setresgid
        number(116, 159), // setgroups
        number(126, 91), // capset
        number(227, 112), // clock_settime
        number(164, 170), // settimeofday
        429, // move_mount
        430, // fsopen
        438, // pidfd_getfd
        442, // mount_setattr
    };

    private SystemCallFilter() {}

    /** Installs the filter in every thread. New privileges must have been forbidden before the process was executed. */
    public static void install() {
        int count = 6 + 2 * FORBIDDEN.length + 1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate((long) INSTRUCTION_BYTES * count, 8);
            int at = 0;
            at = put(program, at, LOAD_WORD, 0, 0, ARCHITECTURE_OFFSET);
            at = put(program, at, JUMP_IF_EQUAL, 1, 0, ARCHITECTURE);
            at = put(program, at, RETURN, 0, 0, RETURN_KILL);
            at = put(program, at, LOAD_WORD, 0, 0, NUMBER_OFFSET);
            at = put(program, at, JUMP_IF_AT_LEAST, 0, 1, X32_BIT);
            at = put(program, at, RETURN, 0, 0, RETURN_EPERM);
            for (int forbidden : FORBIDDEN) {
                at = put(program, at, JUMP_IF_EQUAL, 0, 1, forbidden);
                at = put(program, at, RETURN, 0, 0, RETURN_EPERM);
            }
            put(program, at, RETURN, 0, 0, RETURN_ALLOW);
            MemorySegment description = arena.allocate(16, 8);
            description.set(JAVA_SHORT, 0, (short) count);
            description.set(JAVA_LONG, 8, program.address());
            long result = Kernel.seccomp(SET_MODE_FILTER, TSYNC, description.address());
            LinuxException.check(result > 0 ? -Errno.EBUSY : result, "forbid system calls to all threads");
        }
    }

    private static int put(MemorySegment program, int at, int code, int jumpTrue, int jumpFalse, int operand) {
        long offset = (long) INSTRUCTION_BYTES * at;
        program.set(JAVA_SHORT, offset, (short) code);
        program.set(JAVA_BYTE, offset + 2, (byte) jumpTrue);
        program.set(JAVA_BYTE, offset + 3, (byte) jumpFalse);
        program.set(JAVA_INT, offset + 4, operand);
        return at + 1;
    }
}
