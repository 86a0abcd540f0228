package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A full heap once ended the control thread: Netty allocates where it tells of an event, and goes when that fails. */
@Timeout(30)
final class SturdyIoTest {

    @Test
    void aLoopWhoseHandlerFindsTheHeapFullGoesOn() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch again = new CountDownLatch(1);
        MultiThreadIoEventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, SturdyIo.over(executor -> new FullHeap(runs)));
        try {
            group.next().submit(() -> {}).get();
            group.next().submit(again::countDown).get();
            assertEquals(0, again.getCount());
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    private record FullHeap(AtomicInteger runs) implements IoHandler {
        @Override
        public int run(IoHandlerContext context) {
            if (runs.incrementAndGet() % 2 == 1) {
                throw new OutOfMemoryError("tested");
            }
            return 0;
        }

        @Override
        public IoRegistration register(IoHandle handle) {
            throw new UnsupportedOperationException("nothing is watched");
        }

        @Override
        public void wakeup() {}

        @Override
        public boolean isCompatible(Class<? extends IoHandle> kind) {
            return true;
        }
    }
}
