package io.annulet.memory;

import static io.annulet.memory.Access.READ;
import static io.annulet.memory.Access.READ_WRITE;
import static io.annulet.memory.Access.WRITE;
import static io.annulet.memory.GuestMemory.UNMAPPED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Nothing is mapped, nothing is touched. */
class IoTableTest {

    private static final long PAGE = 4096;
    private static final long USER = 0x7000_0000_0000L;
    private static final long HOST = 0x6000_0000_0000L;

    private final GuestMemory table = GuestMemory.of(List.of(
            new Region(0, USER, 16 * PAGE, HOST),
            // By chance side by side with the first one for the front-end and for this process, but not for the guest.
            new Region(64 * PAGE, USER + 16 * PAGE, 16 * PAGE, HOST + 16 * PAGE)));

    private IoTable told(IoTable before, long ioAddress, long pages, long userPage, int access) {
        return before.updated(ioAddress, pages * PAGE, USER + userPage * PAGE, access, table);
    }

    @Test
    void nothingIsKnownAtFirstAndThatIsNoFault() {
        assertEquals(0, IoTable.EMPTY.entryCount());
        assertTrue(IoTable.EMPTY.memory().isPartial());
        assertFalse(table.isPartial());
        assertEquals(5, IoTable.EMPTY.firstMissing(5, 10, READ));
    }

    @Test
    void neighboursInOneRegionAreOneEntryAndOthersAreNot() {
        IoTable io = told(
                told(told(IoTable.EMPTY, 0, 1, 0, READ_WRITE), 2 * PAGE, 1, 2, READ_WRITE), PAGE, 1, 1, READ_WRITE);
        assertEquals(1, io.entryCount());
        assertEquals(HOST, io.hostAddress(0, 3 * PAGE, READ_WRITE));
        assertEquals(2, told(io, 3 * PAGE, 1, 3, READ).entryCount(), "other rights");
        assertEquals(2, told(io, 3 * PAGE, 1, 5, READ_WRITE).entryCount(), "another place");
        IoTable border = told(told(IoTable.EMPTY, 0, 1, 15, READ_WRITE), PAGE, 1, 16, READ_WRITE);
        assertEquals(2, border.entryCount(), "another region");
        assertEquals(UNMAPPED, border.hostAddress(0, 2 * PAGE, READ));
        assertEquals(2 * PAGE, border.firstMissing(0, 2 * PAGE, READ));
    }

    @Test
    void whatIsToldReplacesWhatAddressesMeantBefore() {
        IoTable io = told(told(IoTable.EMPTY, 0, 4, 0, READ_WRITE), PAGE, 2, 8, READ);
        assertEquals(3, io.entryCount());
        assertEquals(HOST, io.hostAddress(0, PAGE, WRITE));
        assertEquals(HOST + 8 * PAGE, io.hostAddress(PAGE, 2 * PAGE, READ));
        assertEquals(UNMAPPED, io.hostAddress(PAGE, 1, WRITE));
        assertEquals(HOST + 3 * PAGE, io.hostAddress(3 * PAGE, PAGE, READ_WRITE));
        assertEquals(PAGE, io.firstMissing(0, 4 * PAGE, WRITE));
    }

    @Test
    void whatIsTakenBackIsGoneToTheByte() {
        IoTable io = told(IoTable.EMPTY, 0, 4, 0, READ_WRITE).invalidated(PAGE + 1, PAGE);
        assertEquals(2, io.entryCount());
        assertEquals(HOST + PAGE, io.hostAddress(PAGE, 1, READ));
        assertEquals(UNMAPPED, io.hostAddress(PAGE + 1, 1, READ));
        assertEquals(HOST + 2 * PAGE + 1, io.hostAddress(2 * PAGE + 1, 1, READ));
        assertEquals(0, io.invalidated(0, -1).entryCount());
        assertEquals(2, told(io, -PAGE, 1, 9, READ).invalidated(-PAGE, PAGE).entryCount());
    }

    @Test
    void b13RefusesWhatIsEmptyWrapsOrIsNotInOneRegion() {
        GuestMemory memory = table;
        for (long[] bad : new long[][] {
            {0, 0, 0, READ},
            {0, 0, USER, READ},
            {0, -1, 0, READ},
            {0, -1, USER, READ},
            {-PAGE, 2 * PAGE, USER, READ},
            {0, PAGE, USER - 1, READ},
            {0, 2 * PAGE, USER + 15 * PAGE, READ},
            {0, PAGE, USER + 32 * PAGE, READ},
            {0, PAGE, USER, 0},
            {0, PAGE, USER, 4}
        }) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> IoTable.EMPTY.updated(bad[0], bad[1], bad[2], (int) bad[3], memory));
        }
        assertThrows(IllegalArgumentException.class, () -> IoTable.EMPTY.invalidated(0, 0));
        assertThrows(IllegalArgumentException.class, () -> IoTable.EMPTY.invalidated(2, -1));
    }

    @Test
    void anEntryMayEndWithTheLastAddress() {
        IoTable io = told(told(IoTable.EMPTY, -PAGE, 1, 1, READ_WRITE), 0, 1, 2, READ_WRITE);
        assertEquals(2, io.entryCount());
        assertEquals(HOST + 2 * PAGE - 1, io.hostAddress(-1, 1, READ));
        assertEquals(0, io.firstMissing(-PAGE, PAGE, READ), "all is there");
    }

    @Test
    void inAnotherMemoryTableOnlyWhatIsInOneRegionThereIsKept() {
        IoTable io = told(told(IoTable.EMPTY, 0, 1, 0, READ_WRITE), 8 * PAGE, 2, 20, READ);
        IoTable next = io.in(GuestMemory.of(List.of(new Region(0, USER, 16 * PAGE, 2 * HOST / 3 & -PAGE))));
        assertEquals(1, next.entryCount());
        assertEquals(2 * HOST / 3 & -PAGE, next.hostAddress(0, PAGE, READ_WRITE));
    }

    @Test
    void onlyWhatIsNeededIsKeptIfThatIsWanted() {
        IoTable io = told(told(told(IoTable.EMPTY, 0, 1, 0, READ), 4 * PAGE, 1, 3, READ), 8 * PAGE, 1, 6, READ);
        IoTable kept = io.only(new long[] {PAGE - 1, PAGE, 9 * PAGE, 10 * PAGE, 8 * PAGE + 1, 8 * PAGE + 1});
        assertEquals(2, kept.entryCount());
        assertEquals(4 * PAGE, kept.firstMissing(4 * PAGE, 1, READ));
    }

    @Test
    void aTranslatorHasAtHandOnlyWhatMayBeReadAndWritten() {
        IoTable io = told(told(IoTable.EMPTY, 0, 1, 0, READ), 2 * PAGE, 1, 2, READ_WRITE);
        Translator translator = new Translator(io.memory());
        assertEquals(UNMAPPED, translator.translate(0, 8));
        assertEquals(HOST, translator.translate(0, 8, READ));
        assertEquals(UNMAPPED, translator.translate(0, 8, WRITE));
        assertEquals(PAGE, translator.reach(0, READ));
        assertEquals(0, translator.reach(0, WRITE));
        assertEquals(HOST + 2 * PAGE, translator.translate(2 * PAGE, 8));
        assertEquals(HOST + 2 * PAGE + 8, translator.atHand(2 * PAGE + 8, 8));
        translator.goBy(io.invalidated(2 * PAGE, PAGE).memory());
        assertEquals(UNMAPPED, translator.atHand(2 * PAGE + 8, 8), "what was at hand was taken back");
        assertEquals(UNMAPPED, translator.translate(2 * PAGE, 8));
    }
}
