package io.annulet.linux;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A tap in a network namespace of its own, in which nobody else sends, and a socket that sends on the host's side. */
record QuietTap(Tap tap, PacketSocket host) implements AutoCloseable {
    static final int HEADER_BYTES = 12;

    static void assumeAvailable() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "/dev/net/tun is missing");
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "creating a tap needs CAP_NET_ADMIN");
        assumeTrue(Privileges.has(Capability.CAP_SYS_ADMIN), "network namespaces need CAP_SYS_ADMIN");
        assumeTrue(Privileges.has(Capability.CAP_NET_RAW), "packet sockets need CAP_NET_RAW");
    }

    static QuietTap open() throws InterruptedException {
        AtomicReference<@Nullable QuietTap> made = new AtomicReference<>();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread inside = Thread.ofPlatform().start(() -> {
            try {
                NetworkNamespaces.enterNew();
                Path ipv6 = Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6");
                if (Files.exists(ipv6)) {
                    Files.writeString(ipv6, "1");
                }
                Tap tap = Tap.open("quiet", TapOptions.withHeader(HEADER_BYTES));
                tap.up();
                made.set(new QuietTap(tap, PacketSocket.open(tap.networkInterface())));
            } catch (Exception | AssertionError e) {
                failure.set(e);
            }
        });
        inside.join();
        QuietTap tap = made.get();
        if (tap == null) {
            throw new AssertionError("no tap in a namespace of its own", failure.get());
        }
        return tap;
    }

    @Override
    public void close() {
        host.close();
        tap.close();
    }
}
