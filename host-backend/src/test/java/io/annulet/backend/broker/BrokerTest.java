package io.annulet.backend.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.linux.Capability;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.Privileges;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;
import io.annulet.linux.UnixSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a broker opens, for whom, and what it refuses; here both are threads of one process. */
@Timeout(60)
final class BrokerTest {

    private static final TapOptions OPTIONS = TapOptions.withHeader(12);
    private static final String NAME = "annbr" + ProcessHandle.current().pid() % 1_000_000;

    @TempDir
    private Path folder;

    private final AtomicBoolean needed = new AtomicBoolean(true);
    private Thread thread = new Thread();

    private Path start(long processId, String... allowed) {
        Path socket = folder.resolve("broker");
        Broker broker = Broker.listen(socket, new BrokerRules(List.of(allowed)));
        thread = Thread.ofPlatform().start(() -> {
            try (broker) {
                broker.run(processId, needed::get);
            }
        });
        return socket;
    }

    private static long own() {
        return ProcessHandle.current().pid();
    }

    @AfterEach
    void end() throws InterruptedException {
        needed.set(false);
        thread.join(TimeUnit.SECONDS.toMillis(30));
        assertFalse(thread.isAlive(), "it ends when it is not needed any more");
    }

    @Test
    @Tag("root")
    void tapsThatWereNamedAreOpenedAndNoOthers() {
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "making a tap needs CAP_NET_ADMIN");
        int before = FileDescriptors.openCount();
        try (BrokeredAccess access = BrokeredAccess.connect(start(own(), "tap:" + NAME + "*"))) {
            try (Tap tap = access.tap(NAME + "x", OPTIONS)) {
                assertEquals(NAME + "x", tap.name());
                assertTrue(tap.isCreated());
                access.setUp(tap.networkInterface(), 1400);
                assertEquals(1400, tap.networkInterface().mtu());
                assertTrue(tap.networkInterface().isUp());
            }
            assertFalse(NetworkInterface.named(NAME + "x").exists(), "the broker keeps nothing of it");
            RuntimeException refused = assertThrows(RuntimeException.class, () -> access.tap("other", OPTIONS));
            assertTrue(String.valueOf(refused.getMessage()).contains("--sandbox-allow tap:other"), refused::getMessage);
            assertThrows(RuntimeException.class, () -> access.setUp(NetworkInterface.named("lo"), 1400));
            assertThrows(RuntimeException.class, () -> access.tap(NAME + "/../lo", OPTIONS));
        }
        assertTrue(FileDescriptors.openCount() <= before + 2, "descriptors are left open");
    }

    @Test
    void nobodyElseIsServed() {
        try (UnixSocket stranger = UnixSocket.connect(start(own() + 1, "tap:*"))) {
            BrokerMessage.send(stranger, List.of(Broker.Request.TAP, NAME));
            assertNull(BrokerMessage.receive(stranger, TimeUnit.SECONDS.toNanos(5)));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "NONSENSE\tx",
                "TAP",
                "TAP\tx\tATTACH\t-1\t0\t0\t0",
                "XDP_PROGRAM\teth0\t0",
                "SET_UP\teth0\tx"
            })
    void whatIsNoRequestIsRefusedAndTheNextOneIsServed(String nonsense) {
        try (UnixSocket client = UnixSocket.connect(start(own(), "af_xdp:eth0", "tap:x"));
                Fd surplus = Memfd.create("surplus", 4096, true)) {
            for (int i = 0; i < 3; i++) {
                BrokerMessage.send(client, List.of((Object[]) nonsense.split("\t", -1)), surplus);
                BrokerMessage answer = BrokerMessage.receive(client, TimeUnit.SECONDS.toNanos(10));
                assertEquals(Broker.REFUSED, answer == null ? "" : answer.word(0));
            }
        }
    }

    @Test
    void rulesAreNamesWithStars() {
        BrokerRules rules = new BrokerRules(List.of("tap:vm*", "af_xdp:eth1"));
        assertTrue(rules.allow("tap", "vm"));
        assertTrue(rules.allow("tap", "vm12"));
        assertFalse(rules.allow("tap", "avm12"));
        assertFalse(rules.allow("tap", "eth1"));
        assertTrue(rules.allow("af_xdp", "eth1"));
        assertFalse(rules.allow("af_xdp", "eth12"));
        assertThrows(IllegalArgumentException.class, () -> new BrokerRules(List.of("vfio:0000:00:03.0")));
        assertThrows(IllegalArgumentException.class, () -> new BrokerRules(List.of("tap:")));
    }
}
