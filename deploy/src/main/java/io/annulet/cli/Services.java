package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.ChannelServers;
import io.annulet.backend.api.ApiServer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** What {@code annulet run} runs; without ports there is no back-end. Started and closed by any thread, one at a time. */
record Services(
        @Nullable Backend backend,
        ChannelServers channels,
        @Nullable ApiServer api) {
    void start() {
        channels.start();
        if (backend != null) {
            backend.start();
        }
        if (api != null) {
            api.start();
        }
    }

    String summary() {
        return backend == null ? "serving channels" : "serving ports";
    }

    /** Calls {@code alive} again and again while everything answers that works for ports, or else for channels. */
    void pulse(Duration period, Runnable alive) {
        if (backend != null) {
            backend.watch().pulse(period, alive);
        } else {
            channels.pulse(period, alive);
        }
    }

    /**
     * Returns when another process serves the guests, or no guest can come any more; as a rule one can, and where ports may be
     * added always.
     */
    void awaitAbandoned() throws InterruptedException {
        CountDownLatch abandoned = new CountDownLatch(1);
        if (backend != null) {
            CompletableFuture<?> _ = backend.handedOver().thenRun(abandoned::countDown);
        }
        if (backend != null && api == null) {
            CompletableFuture<?> _ = backend.watch().abandoned().thenRun(abandoned::countDown);
        }
        abandoned.await();
    }

    void close() {
        if (api != null) {
            api.close();
        }
        if (backend != null) {
            backend.close();
        }
        channels.close();
    }
}
