package io.annulet.backend.control;

import static io.annulet.backend.control.RingState.STARTED_DISABLED;
import static io.annulet.backend.control.RingState.STARTED_ENABLED;
import static io.annulet.backend.control.RingState.STOPPED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.backend.control.RingState.Move;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** vhost-user, QEMU 10, "Ring states": the whole table. */
final class RingStateSpecTest {

    @Test
    void aStoppedRingStartsDisabledOrEnabledAndNothingElseStartsIt() {
        Map<Move, RingState> next = moves(STOPPED);
        assertEquals(STARTED_DISABLED, next.get(Move.START));
        assertEquals(STARTED_ENABLED, next.get(Move.START_ENABLED));
        assertEquals(STOPPED, next.get(Move.ENABLE));
        assertEquals(STOPPED, next.get(Move.DISABLE));
        assertEquals(STOPPED, next.get(Move.STOP));
    }

    @ParameterizedTest
    @EnumSource(names = {"STARTED_DISABLED", "STARTED_ENABLED"})
    void aStartedRingIsEnabledDisabledAndStoppedButNotStartedAgain(RingState started) {
        assertEquals(STARTED_ENABLED, started.after(Move.ENABLE));
        assertEquals(STARTED_DISABLED, started.after(Move.DISABLE));
        assertEquals(STOPPED, started.after(Move.STOP));
        assertThrows(IllegalStateException.class, () -> started.after(Move.START));
        assertThrows(IllegalStateException.class, () -> started.after(Move.START_ENABLED));
    }

    @Test
    void aRingRemembersWhileStoppedWhetherItIsToBeEnabled() {
        VringConfig vring = new VringConfig(0);
        vring.enable(true);
        assertEquals(STOPPED, vring.state());
        vring.start();
        assertEquals(STARTED_ENABLED, vring.state());
        vring.stop();
        vring.enable(false);
        vring.start();
        assertEquals(STARTED_DISABLED, vring.state());
    }

    private static Map<Move, RingState> moves(RingState from) {
        Map<Move, RingState> next = new EnumMap<>(Move.class);
        for (Move move : Move.values()) {
            next.put(move, from.after(move));
        }
        return next;
    }
}
