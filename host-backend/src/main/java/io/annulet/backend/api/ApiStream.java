package io.annulet.backend.api;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CountDownLatch;

/**
 * The body of an answer that is written as it comes. Any thread but {@code api} writes it, one at a time, and waits until the
 * caller has taken what was written before.
 */
public final class ApiStream implements WritableByteChannel {

    private final Channel channel;
    private final HttpResponse head;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean begun;

    /** @param head is sent before the first byte */
    ApiStream(Channel channel, HttpResponse head) {
        this.channel = channel;
        this.head = head;
        Future<?> _ = channel.closeFuture().addListener(gone -> closed.countDown());
    }

    /** @throws IOException if the caller has gone, or takes nothing for too long */
    @Override
    public int write(ByteBuffer bytes) throws IOException {
        int count = bytes.remaining();
        if (!isOpen()) {
            throw new IOException("the caller has gone");
        }
        ByteBuf copy = Unpooled.copiedBuffer(bytes);
        bytes.position(bytes.limit());
        if (!begun) {
            begun = true;
            Future<?> _ = channel.write(head);
        }
        send(channel, new DefaultHttpContent(copy));
        return count;
    }

    /** Writes, and returns once it is on its way. */
    static void send(Channel channel, Object what) throws IOException {
        try {
            Future<?> written = channel.writeAndFlush(what).await();
            if (!written.isSuccess()) {
                throw new IOException("the caller has gone", written.cause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Whether anything of the answer was written. */
    boolean hasBegun() {
        return begun;
    }

    @Override
    public boolean isOpen() {
        return closed.getCount() > 0;
    }

    /** Waits until it is closed, by its writer or because the caller has gone. */
    public void awaitClosed() throws InterruptedException {
        closed.await();
    }

    /** Nothing more comes. */
    @Override
    public void close() {
        closed.countDown();
    }
}
