package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PrivilegesTest {
    @Test
    void theEffectiveUserIsTheOwnerOfThisProcess() throws IOException {
        assertEquals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"), Privileges.effectiveUserId());
    }

    @Test
    void capabilitiesAreBitsOfTheEffectiveSet() {
        long all = Privileges.effectiveCapabilities();
        for (Capability capability : Capability.values()) {
            assertEquals((all & 1L << capability.bit()) != 0, Privileges.has(capability));
        }
    }

    @Test
    void limitsAreThoseThatProcShows() throws IOException {
        String shown = Files.readAllLines(Path.of("/proc/self/limits")).stream()
                .filter(line -> line.startsWith("Max open files"))
                .findFirst()
                .orElseThrow();
        Limits.Limit limit = Limits.openFiles();
        assertEquals(limit, new Limits.Limit(number(shown, 3), number(shown, 4)));
        assertTrue(limit.soft() <= limit.hard());
        assertTrue(Limits.lockedMemory().soft() >= 0);
    }

    private static long number(String line, int column) {
        String text = line.split(" +", -1)[column];
        return text.equals("unlimited") ? Limits.UNLIMITED : Long.parseLong(text);
    }

    @Test
    void pagesAreAPowerOfTwoAndLengthsAreRoundedUpToThem() {
        long page = Pages.byteLength();
        assertEquals(1, Long.bitCount(page));
        assertTrue(page >= 4096);
        assertEquals(0, Pages.roundUp(0));
        assertEquals(page, Pages.roundUp(1));
        assertEquals(page, Pages.roundUp(page));
    }
}
