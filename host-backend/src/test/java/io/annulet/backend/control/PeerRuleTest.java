package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.PeerRule;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who may be at the other end of a port's socket: this process is, and is served only where its user or group is named. */
final class PeerRuleTest extends ControlTest {

    private static final int NOBODY_HERE = 54_321;

    private static UnixSocket.PeerCredentials ours() {
        try (UnixSocket.Pair pair = UnixSocket.pair()) {
            return pair.first().peerCredentials();
        }
    }

    private VhostUserOptions rule(Set<Integer> users, Set<Integer> groups) {
        return options("b").withAccess(new SocketAccess(0600, null, null, new PeerRule(users, groups)));
    }

    private void assertServed(VhostUserOptions guarded) {
        GuestEndpoint port = backend.open(guarded);
        try (TestSession session = TestSession.negotiated(backend, port)) {
            session.status();
        }
        assertEquals(0, backend.counter("b front-end.not-allowed"));
    }

    @Test
    void aUserWhoIsNamedIsServed() {
        assertServed(rule(Set.of(NOBODY_HERE, ours().userId()), Set.of()));
    }

    @Test
    void soIsAGroup() {
        assertServed(rule(Set.of(NOBODY_HERE), Set.of(ours().groupId())));
    }

    @Test
    void othersAreSeenOffAndCountedAndKeepThePortFromNobody() {
        GuestEndpoint port = backend.open(rule(Set.of(NOBODY_HERE), Set.of(NOBODY_HERE)));
        for (int i = 0; i < 40; i++) {
            try (VhostUserFrontEnd stranger = TestBackend.connect(port.options().socket())) {
                assertTrue(stranger.awaitClosed(TestBackend.TIMEOUT_NANOS), "a stranger is served");
            }
        }
        assertEquals(40, backend.counter("b front-end.not-allowed"));
        assertEquals(0, backend.counter("b sessions"));
    }

    @Test
    void aFrontEndThatListensIsAskedLikewise() {
        VhostUserOptions guarded = rule(Set.of(NOBODY_HERE), Set.of()).withMode(VhostUserOptions.Mode.CLIENT);
        try (UnixListener stranger = UnixListener.listen(guarded.socket(), 4, SocketAccess.ofMode(0600))) {
            backend.open(guarded);
            TestBackend.await("it is seen off twice", () -> backend.counter("b front-end.not-allowed") >= 2);
            assertEquals(stranger.path(), guarded.socket());
            assertEquals(0, backend.counter("b sessions"));
        }
    }
}
