package io.annulet.backend.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.control.RingState;
import io.annulet.backend.control.SessionStatus;
import io.annulet.backend.data.RingStanding;
import io.annulet.vhostuser.VirtioFeature;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AdviceTest {

    private static final SessionStatus.Ring STARTED =
            new SessionStatus.Ring(1, RingState.STARTED_ENABLED, true, false, 256, 0);

    private static SessionStatus attached(int deviceStatus, SessionStatus.Ring... rings) {
        return new SessionStatus(true, 1, 0, VirtioFeature.VERSION_1, 0, 0, deviceStatus, 0, List.of(rings), List.of());
    }

    private static RingStanding kicked(int kicks, int frames) {
        return new RingStanding(1, false, 256, frames, frames, 0, 0, null, frames, 64L * frames, kicks, 0, 0);
    }

    @Test
    void aDriverWhoseMemoryIsNotSharedKicksARingThatShowsNothing() {
        List<String> advice = Advice.of(attached(15, STARTED), List.of(kicked(5, 0)));
        assertEquals(1, advice.size(), advice::toString);
        assertTrue(advice.getFirst().contains("memory-backend-memfd,share=on"), advice::toString);
    }

    @Test
    void nothingStandsOutWhereFramesMove() {
        assertEquals(List.of(), Advice.of(attached(15, STARTED), List.of(kicked(5, 4))));
    }

    @Test
    void whatADriverHasNotDoneYetIsSaid() {
        List<String> advice = Advice.of(attached(1), List.of());
        assertEquals(2, advice.size(), advice::toString);
    }
}
