package io.annulet.backend.capture;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Blocks for somebody who reads them at once; used by one thread at a time, which may wait for that reader. */
final class ChannelSink implements CaptureSink {

    private final String where;
    private final WritableByteChannel channel;
    private long byteLength;

    ChannelSink(String where, WritableByteChannel channel) {
        this.where = where;
        this.channel = channel;
    }

    @Override
    public void write(ByteBuffer blocks) throws IOException {
        while (blocks.hasRemaining()) {
            byteLength += channel.write(blocks);
        }
    }

    @Override
    public long byteLength() {
        return byteLength;
    }

    @Override
    public void next() throws IOException {
        throw new IOException("a stream has no second file");
    }

    @Override
    public String where() {
        return where;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
