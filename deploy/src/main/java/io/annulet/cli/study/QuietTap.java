package io.annulet.cli.study;

import io.annulet.linux.LinuxException;
import io.annulet.linux.NetworkNamespaces;
import io.annulet.linux.PacketSocket;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A tap in a network namespace of its own, where nobody else sends, and a socket that sends frames to it from the host's
 * side. The namespace goes with it. Used by one thread.
 */
public final class QuietTap implements AutoCloseable {

    /** Of the virtio-net header in front of each frame. */
    public static final int HEADER_BYTES = 12;

    private static final Path NO_IPV6 = Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6");

    private final Tap tap;
    private final PacketSocket host;

    private QuietTap(Tap tap, PacketSocket host) {
        this.tap = tap;
        this.host = host;
    }

    /**
     * Makes the namespace and the tap.
     *
     * @param mtu of the interface
     * @throws LinuxException if this process may not; the message says what it needs
     */
    public static QuietTap open(int mtu) throws InterruptedException {
        CompletableFuture<QuietTap> made = new CompletableFuture<>();
        // A namespace is a thread's own: one that ends at once makes it, and what it opened keeps it.
        Thread inside = Thread.ofPlatform().name("namespace").start(() -> {
            try {
                made.complete(openInside(mtu));
            } catch (IOException | RuntimeException e) {
                made.completeExceptionally(e);
            }
        });
        inside.join();
        try {
            return made.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof LinuxException refused) {
                throw refused;
            }
            throw new StudyFailure("no tap of its own: " + e.getCause(), e);
        }
    }

    private static QuietTap openInside(int mtu) throws IOException {
        NetworkNamespaces.enterNew();
        if (Files.exists(NO_IPV6)) {
            Files.writeString(NO_IPV6, "1");
        }
        Tap tap = Tap.open("study", TapOptions.withHeader(HEADER_BYTES));
        boolean complete = false;
        try {
            tap.mtu(mtu);
            tap.up();
            QuietTap quiet = new QuietTap(tap, PacketSocket.open(tap.networkInterface()));
            complete = true;
            return quiet;
        } finally {
            if (!complete) {
                tap.close();
            }
        }
    }

    public Tap tap() {
        return tap;
    }

    /** Sends the frame at {@code address} to whoever reads the tap; false if its queue is full. */
    public boolean sendFromHost(long address, int frameBytes) {
        return host.send(address, frameBytes) == frameBytes;
    }

    @Override
    public void close() {
        host.close();
        tap.close();
    }
}
