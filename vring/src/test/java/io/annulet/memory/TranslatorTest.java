package io.annulet.memory;

import static io.annulet.memory.GuestMemory.UNMAPPED;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TranslatorTest {

    private static final long PAGE = 4096;

    private final Region low = new Region(0, 0, PAGE, 0x10_0000);
    private final Region next = new Region(PAGE, PAGE, PAGE, 0x30_0000);
    private final Region far = new Region(16 * PAGE, 16 * PAGE, 2 * PAGE, 0x20_0000);
    private final Region top = new Region(-PAGE, -PAGE, PAGE, 0x40_0000);
    private final Translator translator = new Translator(GuestMemory.of(List.of(low, next, far, top)));

    @Test
    void aNewTranslatorHasNoRegionAtHand() {
        Translator empty = new Translator(GuestMemory.EMPTY);
        assertEquals(UNMAPPED, empty.translate(0, 1));
        assertEquals(UNMAPPED, empty.translate(-1, 1));
        assertEquals(0, empty.reach(0));
    }

    @Test
    void translatesFromTheRegionAtHandAndFromOthers() {
        assertEquals(0x10_0000, translator.translate(0, PAGE));
        assertEquals(0x10_0fff, translator.translate(PAGE - 1, 1));
        assertEquals(0x20_0000, translator.translate(16 * PAGE, 1));
        assertEquals(0x10_0008, translator.translate(8, 8));
        assertEquals(0x40_0fff, translator.translate(-1, 1));
    }

    @Test
    void aMissLeavesTheRegionAtHandUsable() {
        assertEquals(0x20_0000, translator.translate(16 * PAGE, 8));
        assertEquals(UNMAPPED, translator.translate(18 * PAGE, 1));
        assertEquals(UNMAPPED, translator.translate(17 * PAGE, 2 * PAGE));
        assertEquals(0x20_0008, translator.translate(16 * PAGE + 8, 8));
    }

    @Test
    void b03DoesNotCrossIntoARegionThatOnlyTheGuestSeesAdjacent() {
        assertEquals(UNMAPPED, translator.translate(PAGE - 8, 16));
        assertEquals(8, translator.reach(PAGE - 8));
        assertEquals(PAGE, translator.reach(PAGE));
        assertEquals(0x30_0000, translator.translate(PAGE, 8));
    }

    @Test
    void b04ReachesToTheEndOfTheRegionAndNotIntoAHole() {
        assertEquals(1, translator.reach(18 * PAGE - 1));
        assertEquals(0, translator.reach(18 * PAGE));
        assertEquals(0, translator.reach(16 * PAGE - 1));
        assertEquals(1, translator.reach(-1));
    }

    @Test
    void b06DoesNotWrapFromTheTopToTheBottom() {
        assertEquals(UNMAPPED, translator.translate(-16, 32));
        assertEquals(0x40_0ff0, translator.translate(-16, 16));
        assertEquals(UNMAPPED, translator.translate(-16, 17));
        assertEquals(UNMAPPED, translator.translate(-16, 0xffff_ffffL));
    }

    @Test
    void c09TakesTheLongestLengthADescriptorCanHold() {
        long fourGiB = 1L << 32;
        Translator large = new Translator(GuestMemory.of(List.of(new Region(PAGE, PAGE, fourGiB, 0x1_0000_0000L))));
        assertEquals(0x1_0000_0000L, large.translate(PAGE, fourGiB - 1));
        assertEquals(0x1_0000_0001L, large.translate(PAGE + 1, fourGiB - 1));
        assertEquals(UNMAPPED, large.translate(PAGE + 2, fourGiB - 1));
        assertEquals(UNMAPPED, translator.translate(0, fourGiB - 1));
    }

    @Test
    void agreesWithTheTableWhateverItServedLast() {
        GuestMemory memory = GuestMemory.of(List.of(low, next, far, top));
        Random random = new Random(7);
        for (int i = 0; i < 1_000_000; i++) {
            long guestAddress = random.nextLong(-3 * PAGE, 20 * PAGE);
            long byteLength = 1 + random.nextLong(random.nextBoolean() ? 64 : 3 * PAGE);
            assertEquals(
                    memory.hostAddressOfGuest(guestAddress, byteLength),
                    translator.translate(guestAddress, byteLength),
                    () -> byteLength + " bytes at " + guestAddress);
        }
    }
}
