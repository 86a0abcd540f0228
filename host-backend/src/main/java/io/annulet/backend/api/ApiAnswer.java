package io.annulet.backend.api;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.DefaultFileRegion;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;

/** Writes the answer to one request; used by the request's own thread, which waits where the caller is slow. */
final class ApiAnswer {

    /** A part of a file is taken in {@link ApiConnection#WRITE_SECONDS}, or the caller is too slow. */
    private static final int PART_BYTES = 1024 * 1024;

    private final Channel channel;
    private final boolean keepAlive;

    ApiAnswer(Channel channel, boolean keepAlive) {
        this.channel = channel;
        this.keepAlive = keepAlive;
    }

    /**
     * Writes it all.
     *
     * @param onFailure the answer instead of one that could not be begun
     * @throws IOException if the caller has gone, or the answer broke off in the middle
     */
    void write(ApiResponse response, Function<Exception, ApiResponse> onFailure) throws IOException {
        switch (response.body()) {
            case ApiResponse.Bytes all -> write(response, all.bytes());
            case ApiResponse.File(Path path) -> {
                FileChannel opened;
                try {
                    opened = FileChannel.open(path, StandardOpenOption.READ);
                } catch (IOException e) {
                    write(
                            onFailure.apply(ApiException.notFound(path + " cannot be read: see that it is there")),
                            onFailure);
                    return;
                }
                try (FileChannel file = opened) {
                    write(response, file);
                }
            }
            case ApiResponse.Stream(ApiResponse.Source source) -> {
                ApiStream out = new ApiStream(channel, chunked(response));
                try {
                    source.writeTo(out);
                } catch (Exception e) {
                    if (out.hasBegun()) {
                        throw new IOException("the answer broke off", e);
                    }
                    write(onFailure.apply(e), onFailure);
                    return;
                }
                if (!out.hasBegun()) {
                    ChannelFuture _ = channel.write(chunked(response));
                }
                ApiStream.send(channel, LastHttpContent.EMPTY_LAST_CONTENT);
            }
        }
    }

    private void write(ApiResponse response, byte[] bytes) throws IOException {
        ByteBuf body = Unpooled.wrappedBuffer(bytes);
        FullHttpResponse http = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, response.status(), body);
        setHeaders(http, response);
        HttpUtil.setContentLength(http, bytes.length);
        ApiStream.send(channel, http);
    }

    private void write(ApiResponse response, FileChannel file) throws IOException {
        long byteLength = file.size();
        HttpResponse http = new DefaultHttpResponse(HttpVersion.HTTP_1_1, response.status());
        setHeaders(http, response);
        HttpUtil.setContentLength(http, byteLength);
        ChannelFuture _ = channel.write(http);
        boolean isEncrypted = channel.pipeline().get(SslHandler.class) != null;
        for (long at = 0; at < byteLength; ) {
            int count = (int) Math.min(PART_BYTES, byteLength - at);
            ApiStream.send(channel, isEncrypted ? read(file, at, count) : new Part(file, at, count));
            at += count;
        }
        ApiStream.send(channel, LastHttpContent.EMPTY_LAST_CONTENT);
    }

    private static DefaultHttpContent read(FileChannel file, long at, int count) throws IOException {
        ByteBuffer part = ByteBuffer.allocate(count);
        while (part.hasRemaining()) {
            if (file.read(part, at + part.position()) < 0) {
                throw new IOException("the file became shorter");
            }
        }
        return new DefaultHttpContent(Unpooled.wrappedBuffer(part.flip()));
    }

    private HttpResponse chunked(ApiResponse response) {
        HttpResponse http = new DefaultHttpResponse(HttpVersion.HTTP_1_1, response.status());
        setHeaders(http, response);
        HttpUtil.setTransferEncodingChunked(http, true);
        return http;
    }

    private void setHeaders(HttpResponse http, ApiResponse response) {
        if (!response.contentType().isEmpty()) {
            http.headers().set(HttpHeaderNames.CONTENT_TYPE, response.contentType());
        }
        http.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        http.headers().set("x-content-type-options", "nosniff");
        response.headers().forEach(http.headers()::set);
        HttpUtil.setKeepAlive(http, keepAlive);
    }

    /** A part of a file that is still open when it was sent. */
    private static final class Part extends DefaultFileRegion {
        Part(FileChannel file, long at, long count) {
            super(file, at, count);
        }

        @Override
        protected void deallocate() {
            // whoever opened the file closes it
        }
    }
}
