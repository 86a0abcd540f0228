package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class FdTest {
    @Test
    void aSecondCloseDoesNotCloseWhoeverGotTheNumberNext() {
        Fd first = Memfd.create("first", 0, false);
        int number = first.number();
        first.close();
        try (Fd second = Memfd.create("second", 0, false)) {
            assertEquals(number, second.number(), "the kernel hands out the lowest free number");
            first.close();
            assertEquals(0, FileDescriptors.status(second).byteLength());
        }
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void closesOnceHoweverManyThreadsClose() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            Fd fd = Memfd.create("contended", 0, false);
            CountDownLatch start = new CountDownLatch(1);
            Thread other = Thread.ofPlatform().start(() -> {
                awaitQuietly(start);
                fd.close();
            });
            start.countDown();
            fd.close();
            other.join();
            assertFalse(fd.isOpen());
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertTrue(latch.await(10, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aClosedOneAnswersBadFileDescriptor() {
        Fd fd = Memfd.create("closed", 0, false);
        fd.close();
        assertEquals(-1, fd.number());
        LinuxException e = assertThrows(LinuxException.class, () -> FileDescriptors.status(fd));
        assertEquals(Errno.EBADF, e.errno());
    }

    @Test
    void refusesWhatIsNoDescriptor() {
        assertThrows(IllegalArgumentException.class, () -> Fd.of(-1));
    }
}
