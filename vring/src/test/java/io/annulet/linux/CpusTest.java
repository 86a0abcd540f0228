package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CpusTest {
    @Test
    void readsAndWritesListsOfProcessors() {
        assertEquals("0,2-3,7", Cpus.format(Cpus.parse("7, 2-3,0")));
        assertEquals("0-1", Cpus.format(Cpus.parse("0,1")));
        assertEquals("", Cpus.format(new BitSet()));
        assertEquals("8191", Cpus.format(Cpus.parse("8191")));
    }

    @Test
    void saysWhichPartOfAListIsWrong() {
        for (String wrong : new String[] {"", "a", "1,,2", "1-", "-1", "8192", "99999999999", "1-2-3"}) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> Cpus.parse(wrong), () -> "'" + wrong + "'");
            assertTrue(e.toString().endsWith("is no processor; write it like 0,2-3"), e::toString);
        }
        assertThrows(IllegalArgumentException.class, () -> Cpus.parse("3-2"));
    }

    @Test
    void aPinnedThreadMayRunNowhereElseAndOthersAreNotPinned() throws Exception {
        BitSet before = Cpus.available();
        int last = before.length() - 1;
        BitSet pinned = inAThread(() -> {
            Cpus.pinCurrentThread(last);
            return Cpus.available();
        });
        assertEquals(Cpus.parse("" + last), pinned);
        assertEquals(before, Cpus.available());
    }

    @Test
    void aProcessorThatTheMachineLacksIsRefusedWithARemedy() {
        LinuxException e = assertThrows(LinuxException.class, () -> Cpus.pinCurrentThread(8000));
        assertTrue(e.getMessage().contains("to processors 8000: Invalid argument (EINVAL); check that"), e::getMessage);
        assertThrows(LinuxException.class, () -> Cpus.pinCurrentThread(100_000));
        assertThrows(LinuxException.class, () -> Cpus.pinCurrentThread(new BitSet()));
    }

    @Test
    void aVirtualThreadCannotBePinned() throws InterruptedException {
        Thread.ofVirtual()
                .start(() -> assertThrows(IllegalStateException.class, () -> Cpus.pinCurrentThread(0)))
                .join();
    }

    @Test
    void threadIdsAreThoseOfTheKernel() throws Exception {
        int here = Cpus.currentThreadId();
        int there = inAThread(Cpus::currentThreadId);
        assertNotEquals(here, there);
        assertTrue(Files.exists(Path.of("/proc/self/task/" + here)));
    }

    @Test
    void theThreadClockRunsWhileTheThreadWorks() {
        long start = ThreadClock.cpuTimeNanos();
        assertTrue(start > 0);
        long target = start + 1_000_000;
        while (ThreadClock.cpuTimeNanos() < target) {
            Thread.onSpinWait();
        }
    }

    private static <T> T inAThread(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().start(task);
        return task.get();
    }
}
