package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.Switch;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A worker that does a duty cycle only when the test says so: what waits for it, and what does not. */
final class WorkerAcknowledgementTest extends ControlTest {

    private static final long MOMENT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int ASKING = MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY;

    private Worker stepped;
    private GuestEndpoint slow;

    @BeforeEach
    void openPortOfASteppedWorker() {
        stepped = new Worker("stepped", 256);
        stepped.onStart();
        WorkerProxy proxy = new WorkerProxy(stepped);
        long patience = TimeUnit.SECONDS.toNanos(10);
        ControlLimits limits = ControlLimits.DEFAULTS
                .withPatience(patience, patience, patience, 4 * MOMENT_NANOS)
                .withPauses(MOMENT_NANOS, MOMENT_NANOS);
        slow = new GuestEndpoint(options("slow"), backend.loop, proxy, backend.newCounters("slow"), limits);
        proxy.addPort(slow.port().shard(0), new Switch(), () -> {});
        slow.start().join();
    }

    @AfterEach
    void closePortOfTheSteppedWorker() {
        CompletableFuture<Void> closed = slow.close();
        TestBackend.await("the port is closed", () -> {
            stepped.doWork();
            return closed.isDone();
        });
        stepped.onClose();
    }

    private static void sendKick(TestSession session) {
        session.frontEnd.send(VhostUserRequest.SET_VRING_KICK.id(), ASKING, Payloads.u64(0), session.eventFd());
    }

    @Test
    void aReplyComesOnlyWhenTheWorkerHasAcknowledgedAndOtherSessionsGoOnMeanwhile() {
        try (TestSession session = TestSession.withMemory(backend, slow);
                TestSession other = withMemory()) {
            session.configureRing(0);
            sendKick(session);
            try (Message early = session.frontEnd.receive(MOMENT_NANOS)) {
                assertNull(early, "no reply before the worker has the ring");
            }
            other.startRing(0);
            stepped.doWork();
            try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                assertNotNull(reply);
                assertEquals(0, reply.payload().getLong());
            }
        }
    }

    @Test
    void messagesBehindOneThatWaitsAreServedAfterIt() {
        try (TestSession session = TestSession.withMemory(backend, slow)) {
            session.configureRing(0);
            sendKick(session);
            session.frontEnd.send(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, Payloads.nothing());
            backend.awaitControl();
            stepped.doWork();
            for (VhostUserRequest expected :
                    new VhostUserRequest[] {VhostUserRequest.SET_VRING_KICK, VhostUserRequest.GET_FEATURES}) {
                try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                    assertNotNull(reply);
                    assertEquals(expected.id(), reply.request());
                }
            }
        }
    }

    @Test
    void aWorkerThatDoesNotAnswerInTimeEndsTheSessionButMemoryStaysUntilItHasLeft() {
        int mappedBefore = Proc.mappingsOf("memfd:");
        int openBefore = FileDescriptors.openCount();
        try (TestSession session = TestSession.withMemory(backend, slow)) {
            int mapped = Proc.mappingsOf("memfd:");
            session.configureRing(0);
            sendKick(session);
            session.assertClosed();
            backend.awaitControl();
            assertEquals(mapped, Proc.mappingsOf("memfd:"), "nothing is unmapped while the worker may use it");
        }
        TestBackend.await("the session is released", () -> {
            stepped.doWork();
            backend.awaitControl();
            return !slow.status().attached();
        });
        assertEquals(mappedBefore, Proc.mappingsOf("memfd:"));
        assertEquals(openBefore, FileDescriptors.openCount());
    }

    @Test
    void aFrontEndThatComesWhileTheOneBeforeIsSeenOffWaitsAndIsServed() {
        TestSession first = TestSession.withMemory(backend, slow);
        first.close();
        try (TestSession second = TestSession.connected(backend, slow)) {
            second.frontEnd.send(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, Payloads.nothing());
            try (Message early = second.frontEnd.receive(MOMENT_NANOS)) {
                assertNull(early, "the session before has not ended yet");
            }
            stepped.doWork();
            try (Message reply = second.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                assertNotNull(reply);
                assertTrue(reply.isReply());
            }
        }
    }

    @Test
    void anOldMappingStaysUntilTheWorkerHasTheNewTable() {
        try (TestSession session = TestSession.withMemory(backend, slow)) {
            session.configureRing(0);
            sendKick(session);
            backend.awaitControl();
            stepped.doWork();
            try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                assertNotNull(reply);
            }
            int mapped = Proc.mappingsOf("memfd:");
            session.frontEnd.send(
                    VhostUserRequest.REM_MEM_REG.id(),
                    ASKING,
                    Payloads.singleRegion(session.ram.regions().get(1)));
            backend.awaitControl();
            assertEquals(mapped, Proc.mappingsOf("memfd:"));
            stepped.doWork();
            try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                assertNotNull(reply);
                assertEquals(0, reply.payload().getLong());
            }
            assertEquals(mapped - 1, Proc.mappingsOf("memfd:"));
        }
    }
}
