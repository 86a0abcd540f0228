package io.annulet.backend.control;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A back-end, and in it a port "a" for each test. */
@Timeout(60)
abstract class ControlTest {

    static final int QUEUE_PAIRS = 2;
    static final int RINGS = 2 * QUEUE_PAIRS;

    @TempDir
    Path directory;

    static TestBackend backend;
    GuestEndpoint endpoint;

    @BeforeAll
    static void startBackend() {
        backend = new TestBackend();
    }

    @AfterAll
    static void stopBackend() {
        backend.close();
    }

    @BeforeEach
    void openPort() {
        endpoint = backend.open(options("a"));
    }

    @AfterEach
    void closePorts() {
        backend.closePorts();
    }

    VhostUserOptions options(String name) {
        return VhostUserOptions.server(name, directory.resolve(name)).withQueuePairs(QUEUE_PAIRS);
    }

    TestSession connected() {
        return TestSession.connected(backend, endpoint);
    }

    TestSession negotiated() {
        return TestSession.negotiated(backend, endpoint);
    }

    TestSession withMemory() {
        return TestSession.withMemory(backend, endpoint);
    }
}
