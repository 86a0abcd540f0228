package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class PortLogTest {

    private static int permitted(PortLog log, long nowNanos, int lines) {
        int count = 0;
        for (int i = 0; i < lines; i++) {
            count += log.permit(nowNanos) ? 1 : 0;
        }
        return count;
    }

    @Test
    void aPortWritesOnlySoManyLinesASecond() {
        PortLog log = new PortLog("a", 10);
        long now = System.nanoTime();
        assertEquals(10, permitted(log, now, 1_000_000));
    }

    @Test
    void inTheNextSecondItTellsHowManyWereLeftOutAndGoesOn() {
        PortLog log = new PortLog("a", 10);
        long now = System.nanoTime();
        permitted(log, now, 1000);
        // One line tells of those left out.
        assertEquals(9, permitted(log, now + TimeUnit.SECONDS.toNanos(2), 1000));
        assertTrue(log.permit(now + TimeUnit.SECONDS.toNanos(4)));
    }
}
