package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LinuxExceptionTest {
    @Test
    void saysInOneLineWhatWasTriedAndWhatTheKernelSaid() {
        LinuxException e = new LinuxException("open /dev/net/tun", Errno.EACCES);
        assertEquals("open /dev/net/tun: Permission denied (EACCES)", e.getMessage());
        assertEquals("EACCES", e.errnoName());
        assertEquals("open /dev/net/tun", e.action());
    }

    @Test
    void endsWithTheRemedyWhereThereIsOne() {
        LinuxException e = new LinuxException("attach", Errno.ENODEV, "check that the tap exists");
        assertEquals("attach: No such device (ENODEV); check that the tap exists", e.getMessage());
    }

    @Test
    void namesErrorNumbersThatHaveNoNameHere() {
        assertEquals("errno 9999", Errno.name(9999));
        assertEquals("errno 41", Errno.name(41));
        assertEquals("Unknown error", Errno.message(-1));
    }

    @Test
    void carriesTheErrorNumberOfTheKernelsAnswer() {
        LinuxException e = assertThrows(LinuxException.class, () -> UnixSocket.connect(Path.of("/nowhere/at/all")));
        assertEquals(Errno.ENOENT, e.errno());
    }
}
