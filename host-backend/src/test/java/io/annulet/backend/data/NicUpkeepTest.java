package io.annulet.backend.data;

import static io.annulet.backend.data.ArenaGuest.frame;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.port.NicPortOptions;
import io.annulet.backend.port.NicPortOptions.ZeroCopy;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicFilter;
import io.annulet.vfio.NicStatistic;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a NIC's port does beside frames: interrupts, figures, and what the NIC lets in. */
@Timeout(60)
final class NicUpkeepTest extends NicLink {

    @Test
    void P14_anInterruptStormTakesTurnsOfTheWorkerAndNothingElse() {
        connect();
        int turns = 0;
        for (int i = 0; i < 100; i++) {
            for (int k = 0; k < 1_000; k++) {
                events.queues().signal();
                events.others().signal();
            }
            guest.send(frame(2, MAC, 200));
            step();
            turns += 2;
            assertEquals(1, nic.waiting(), "frames go on");
            nic.send(1, false);
        }
        step();
        assertTrue(nic.others <= turns + 2, () -> nic.others + " looks at a NIC");
        assertEquals(100, counter("out.frames"));
        assertEquals(List.of(), stops);
    }

    /** The kernel masks the line when it is raised, so that each interrupt lets the next one through. */
    @Test
    void anInterruptLineIsLetGoOfBeforeItIsUnmasked() {
        interrupts = Interrupts.LINE;
        connect();
        assertEquals(1, unmasked, "what was raised for the owner before");
        events.queues().signal();
        while (nic.lines == 0) {
            worker.doWork();
        }
        assertEquals(2, unmasked);
        assertEquals(0, nic.others);
        nic.raisedForOther = true;
        nic.linkUp = false;
        events.queues().signal();
        while (nic.others == 0) {
            worker.doWork();
        }
        assertEquals(3, unmasked);
        guest.send(frame(2, MAC, 200));
        step();
        assertEquals(1, counter("out.dropped.not-ready"));
    }

    @Test
    void figuresOfTheNicAreCarriedOver() {
        connect();
        nic.counted.put(NicStatistic.MISSED, 3L);
        nic.counted.put(NicStatistic.SENT, 7L);
        guest.send(frame(2, MAC, 400));
        while (counter("nic.sent") == 0) {
            worker.doWork();
            nic.send(nic.waiting(), false);
        }
        assertEquals(7, counter("nic.sent"));
        assertEquals(3, counter("nic.missed"));
    }

    private static NicPortOptions filtered() {
        return new NicPortOptions("0000:01:00.0", ZeroCopy.TX, 0, false, false, List.of(0x33L), false);
    }

    private static long inMemoryOrder(long address) {
        return Long.reverseBytes(address) >>> 16;
    }

    @Test
    void aNicThatIsNotPromiscuousLetsInWhoHasSentThroughIt() {
        connect(filtered(), true);
        assertEquals(new NicFilter(false, List.of(2L), false, List.of(0x33L)), nic.filters.getLast());
        guest.send(frame(2, MAC, 200));
        guest.send(frame(2, MAC + 1, 200));
        guest.send(frame(2, MAC, 200));
        guest.send(frame(2, 0x0100_0000_0000L, 200)); // a group sends nothing
        step();
        assertEquals(
                List.of(2L, inMemoryOrder(MAC), inMemoryOrder(MAC + 1)),
                nic.filters.getLast().addresses());
        assertEquals(2, nic.filters.size());
        assertEquals(1, counter("nic.filter.set"));
    }

    @Test
    void aNicThatHasNotAnsweredIsToldTheNextAddressesAfterwards() {
        connect(filtered(), true);
        nic.filterState = Nic.FilterState.UNDER_WAY;
        guest.send(frame(2, MAC, 200));
        step();
        assertEquals(1, nic.filters.size());
        nic.filterState = Nic.FilterState.SET;
        while (nic.filters.size() == 1) {
            worker.doWork();
        }
        assertEquals(List.of(2L, inMemoryOrder(MAC)), nic.filters.getLast().addresses());
    }

    @Test
    void moreAddressesThanAnyoneKeepsAreEverything() {
        connect(filtered(), true);
        for (int i = 0; i < 63; i++) {
            guest.send(frame(2, MAC + i, 60));
            step();
            nic.send(nic.waiting(), false);
        }
        step();
        assertFalse(nic.filters.getLast().everything());
        guest.send(frame(2, MAC + 63, 60));
        step();
        assertEquals(NicFilter.EVERYTHING, nic.filters.getLast());
    }

    @Test
    void aNicThatCannotFilterReceivesEverything() {
        nic.filterState = Nic.FilterState.REFUSED;
        connect(filtered(), true);
        while (!nic.filters.getLast().everything()) {
            worker.doWork();
        }
        assertEquals(1, counter("nic.filter.refused"));
    }
}
