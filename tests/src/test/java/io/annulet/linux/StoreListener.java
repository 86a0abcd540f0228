package io.annulet.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a service manager has that also keeps descriptors: it obeys FDSTORE=1 and FDSTOREREMOVE=1. Used by one thread. */
public final class StoreListener implements AutoCloseable {
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int MSG_DONTWAIT_CMSG_CLOEXEC = 0x40 | 0x40000000;
    private static final int MOST_BYTES = 4096;
    private static final int MOST_NAME_BYTES = 255;

    private final Fd fd;
    private final Map<String, Fd> kept = new TreeMap<>();

    private StoreListener(Fd fd) {
        this.fd = fd;
    }

    public static StoreListener at(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            SocketAddress address = SocketAddress.of(arena, path);
            Fd fd = Fd.of((int)
                    LinuxException.check(Kernel.socket(SocketAddress.AF_UNIX, SOCK_DGRAM_CLOEXEC), "make a socket"));
            LinuxException.check(Kernel.bind(fd.number(), address.address(), address.byteLength()), "bind a socket");
            return new StoreListener(fd);
        }
    }

    /** Names and descriptors, once all that was said is done. */
    public Map<String, Fd> kept() {
        while (FileDescriptors.awaitReadable(fd, 0)) {
            obey();
        }
        return kept;
    }

    private void obey() {
        try (Arena arena = Arena.ofConfined();
                ReceivedFds fds = new ReceivedFds(1)) {
            MemorySegment text = arena.allocate(MOST_BYTES + 1);
            SocketMessage message = new SocketMessage(arena, text.address(), MOST_BYTES);
            LinuxException.check(Kernel.recvmsg(fd.number(), message.address(), MSG_DONTWAIT_CMSG_CLOEXEC), "receive");
            message.collect(fds);
            List<String> lines = text.getString(0).lines().toList();
            String name = lines.stream()
                    .filter(line -> line.startsWith("FDNAME="))
                    .map(line -> line.substring("FDNAME=".length()))
                    .findFirst()
                    .orElse("");
            if (lines.contains("FDSTORE=1")) {
                check(name, lines);
                kept.put(name, fds.take(0));
            } else if (lines.contains("FDSTOREREMOVE=1")) {
                Fd removed = kept.remove(name);
                if (removed != null) {
                    removed.close();
                }
            }
        }
    }

    /** What systemd asks of a name, and that it is told not to let go of sockets whose other end is gone. */
    private static void check(String name, List<String> lines) {
        boolean isFine = name.chars().allMatch(c -> c > ' ' && c < 127 && c != ':')
                && !name.isEmpty()
                && name.length() <= MOST_NAME_BYTES;
        if (!isFine || !lines.contains("FDPOLL=0")) {
            throw new AssertionError("systemd would refuse " + lines);
        }
    }

    /** Sends all that is kept to a {@link PassedProgram}. */
    public void passTo(UnixSocket socket) {
        List<String> names = new ArrayList<>(kept.keySet());
        int[] numbers = kept.values().stream().mapToInt(Fd::number).toArray();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(String.join(":", names));
            if (socket.send(text, 0, text.byteSize(), numbers, numbers.length) != text.byteSize()) {
                throw new AssertionError("the program took nothing");
            }
        }
    }

    @Override
    public void close() {
        kept.values().forEach(Fd::close);
        fd.close();
    }
}
