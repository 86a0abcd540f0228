package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.vhostuser.VhostUserRequest;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Whatever a front-end brought is gone when it is gone. */
final class LeakTest extends ControlTest {

    private static final int CYCLES = Integer.getInteger("annulet.leak.cycles", 1000);
    private static final int WARM_UP_CYCLES = 20;

    private record Held(Map<String, Long> descriptors, int mappings, Set<String> threads) {}

    private static Held held() {
        return new Held(Proc.descriptorsByKind(), Proc.mappingsOf("memfd:"), threads());
    }

    /** The common pool's threads, and the one of Netty that ends after a second without work, come and go by themselves. */
    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> !name.startsWith("ForkJoinPool"))
                .filter(name -> !name.startsWith("globalEventExecutor"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void connectingAndLeavingAThousandTimesLeavesDescriptorsMappingsAndThreadsAsTheyWere() {
        for (int i = 0; i < WARM_UP_CYCLES; i++) {
            comeAndGo(i);
        }
        backend.awaitSessionsOver(endpoint, WARM_UP_CYCLES);
        Held before = held();
        for (int i = 0; i < CYCLES; i++) {
            comeAndGo(i);
        }
        backend.awaitSessionsOver(endpoint, WARM_UP_CYCLES + CYCLES);
        assertEquals(before, held());
    }

    /** Each time it leaves at another point: before the first word, with memory, with rings, in the middle of a request. */
    private void comeAndGo(int cycle) {
        switch (cycle % 5) {
            case 0 -> connected().close();
            case 1 -> negotiated().close();
            case 2 -> withMemory().close();
            case 3 -> {
                try (TestSession session = withMemory()) {
                    runRings(session);
                }
            }
            default -> {
                try (TestSession session = withMemory()) {
                    runRings(session);
                    session.frontEnd.send(VhostUserRequest.SET_VRING_KICK.id(), 1, new byte[8], session.eventFd());
                    session.frontEnd.send(VhostUserRequest.GET_VRING_BASE.id(), 1, new byte[8]);
                    session.frontEnd.sendBytes(new byte[] {12, 0, 0}, session.eventFd());
                }
            }
        }
    }

    private static void runRings(TestSession session) {
        for (int i = 0; i < RINGS; i++) {
            session.startRing(i);
            session.frontEnd.setVringCall(i, session.eventFd());
            session.frontEnd.setVringErr(i, session.eventFd());
            session.frontEnd.setVringEnable(i, true);
        }
        session.frontEnd.openBackendChannel().close();
    }
}
