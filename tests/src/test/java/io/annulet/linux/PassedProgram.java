package io.annulet.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Executes a program as a service manager does, with descriptors from 3 on that have names. They come through a socket, and
 * the program takes this process's place. Its arguments: the socket, the program and the program's arguments.
 */
public final class PassedProgram {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int MOST_BYTES = 8192;
    private static final int F_DUPFD = 0;
    private static final int FIRST = 3;
    private static final int OUT_OF_THE_WAY = 512;

    private PassedProgram() {}

    /** See the class. */
    public static void main(String[] args) {
        try (UnixSocket socket = UnixSocket.connect(Path.of(args[0]));
                Arena arena = Arena.ofConfined();
                ReceivedFds fds = new ReceivedFds(ReceivedFds.MAX_IN_MESSAGE)) {
            FileDescriptors.awaitReadable(socket.fd(), LIMIT_NANOS);
            MemorySegment names = arena.allocate(MOST_BYTES + 1);
            LinuxException.check(socket.receive(names, 0, MOST_BYTES, fds), "receive descriptors");
            Map<String, String> environment = new HashMap<>(System.getenv());
            environment.put("LISTEN_PID", Long.toString(ProcessHandle.current().pid()));
            environment.put("LISTEN_FDS", Integer.toString(fds.count()));
            environment.put("LISTEN_FDNAMES", names.getString(0));
            List<String> command = List.of(args).subList(1, args.length);
            // Loads what is needed: the descriptors by which classes are read are about to be replaced.
            Sandbox.execute(Path.of("/nowhere"), command, environment);
            int[] numbers = new int[fds.count()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = duplicate(fds.number(i), OUT_OF_THE_WAY);
            }
            for (int i = 0; i < numbers.length; i++) {
                Kernel.close(FIRST + i);
                duplicate(numbers[i], FIRST + i);
            }
            throw Sandbox.execute(Path.of(command.getFirst()), command, environment);
        }
    }

    /** Open after an exec, unlike what came through the socket. */
    private static int duplicate(int number, int lowest) {
        return (int) Kernel.fcntl(number, F_DUPFD, lowest);
    }
}
