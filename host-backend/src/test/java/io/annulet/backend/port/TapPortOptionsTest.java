package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class TapPortOptionsTest {

    @Test
    void saysWhatToUseInstead() {
        assertEquals("mtu=67: use 68 to 65521", refusal("tap0", 67, 1));
        assertEquals("mtu=65522: use 68 to 65521", refusal("tap0", 65_522, 1));
        assertEquals("queues=0: use 1 to 256", refusal("tap0", 0, 0));
        assertEquals("queues=257: use 1 to 256", refusal("tap0", 0, 257));
        assertEquals(
                "'sixteen-letters-' cannot be the name of an interface: use 1 to 15 letters and digits",
                refusal("sixteen-letters-", 0, 1));
        assertEquals("'' cannot be the name of an interface: use 1 to 15 letters and digits", refusal("", 0, 1));
    }

    @Test
    void verifiesSometimesUnlessAskedOtherwise() {
        assertEquals(TapPortOptions.USUAL_VERIFY, TapPortOptions.of("tap0").verify());
        assertThrows(
                IllegalArgumentException.class, () -> new TapPortOptions("tap0", 0, 1, -1, TapPortOptions.Io.CALLS));
    }

    @Test
    void leavesTheMtuAloneUnlessAsked() {
        assertEquals(new TapPortOptions("tap0", 0, 1), TapPortOptions.of("tap0"));
    }

    private static String refusal(String interfaceName, int mtu, int queues) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> new TapPortOptions(interfaceName, mtu, queues))
                        .getMessage());
    }
}
