package io.annulet.cli.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.annulet.cli.CommandFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Requests to the API of a back-end, each on a connection of its own. From any thread. */
public final class ApiClient {

    /** Where the service serves its API. */
    public static final String USUAL_SOCKET = "/run/annulet/api.sock";

    private static final int MAX_ANSWER = 64 * 1024 * 1024;
    private static final int READ_BYTES = 64 * 1024;
    private static final int FIRST_FAILURE = 300;
    private static final JsonMapper JSON = new JsonMapper();

    private final Path socket;
    private final Duration limit;

    /** @param limit for one request */
    public ApiClient(Path socket, Duration limit) {
        this.socket = socket;
        this.limit = limit;
    }

    /** What the back-end answered. */
    public static final class Answer {
        private final int status;
        private final byte[] body;

        private Answer(int status, byte[] body) {
            this.status = status;
            this.body = body;
        }

        /** The status of HTTP. */
        public int status() {
            return status;
        }

        public byte[] body() {
            return body;
        }
    }

    /**
     * Asks, and returns the answer as JSON.
     *
     * @throws CommandFailure with the back-end's own words if it refuses
     */
    public JsonNode json(HttpMethod method, String path, @Nullable Object body) throws IOException {
        return JSON.readTree(bytes(method, path, body));
    }

    /** Likewise, whatever the answer is. */
    public byte[] bytes(HttpMethod method, String path, @Nullable Object body) throws IOException {
        Answer answer = send(method, path, body == null ? new byte[0] : JSON.writeValueAsBytes(body));
        if (answer.status() < FIRST_FAILURE) {
            return answer.body();
        }
        throw refused(answer.status(), answer.body());
    }

    private static CommandFailure refused(int status, byte[] body) throws IOException {
        String text = JSON.readTree(body).path("error").asText("HTTP status " + status);
        int remedy = text.lastIndexOf("; ");
        return remedy < 0
                ? new CommandFailure(text, "see annulet ctl --help")
                : new CommandFailure(text.substring(0, remedy), text.substring(remedy + 2));
    }

    /**
     * Asks, and writes the answer as it comes, for as long as something comes.
     *
     * @throws CommandFailure with the back-end's own words if it refuses
     */
    public void copy(HttpMethod method, String path, @Nullable Object body, WritableByteChannel out)
            throws IOException {
        int[] status = {0};
        ByteArrayOutputStream refusal = new ByteArrayOutputStream();
        exchange(method, path, body == null ? new byte[0] : JSON.writeValueAsBytes(body), part -> {
            if (part instanceof HttpResponse head) {
                status[0] = head.status().code();
            }
            if (part instanceof HttpContent content) {
                try {
                    for (ByteBuffer bytes : content.content().nioBuffers()) {
                        writeAll(status[0] < FIRST_FAILURE ? out : Channels.newChannel(refusal), bytes);
                    }
                } finally {
                    content.release();
                }
            }
        });
        if (status[0] >= FIRST_FAILURE) {
            throw refused(status[0], refusal.toByteArray());
        }
    }

    private static void writeAll(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    /** What takes an answer in parts: its head first, and at last one that says that it was the last. */
    @FunctionalInterface
    public interface Taker {
        /** Takes a part, which is the taker's to release. */
        void take(HttpObject part) throws IOException;
    }

    /** Sends a request and waits for its answer. */
    public Answer send(HttpMethod method, String path, byte[] body) throws IOException {
        EmbeddedChannel codec = new EmbeddedChannel(new HttpClientCodec(), new HttpObjectAggregator(MAX_ANSWER));
        AtomicReference<@Nullable Answer> answer = new AtomicReference<>();
        talk(codec, method, path, body, limit, part -> {
            if (part instanceof FullHttpResponse whole) {
                answer.set(new Answer(whole.status().code(), ByteBufUtil.getBytes(whole.content())));
            }
            ReferenceCountUtil.release(part);
        });
        return Objects.requireNonNull(answer.get());
    }

    /** Sends a request and passes its answer on as it comes, for as long as something comes. */
    public void exchange(HttpMethod method, String path, byte[] body, Taker taker) throws IOException {
        talk(new EmbeddedChannel(new HttpClientCodec()), method, path, body, null, taker);
    }

    // The codec without a loop: what is written to it comes out as bytes, and the other way round.
    private void talk(
            EmbeddedChannel codec, HttpMethod method, String path, byte[] body, @Nullable Duration limit, Taker taker)
            throws IOException {
        FullHttpRequest request =
                new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, method, path, Unpooled.wrappedBuffer(body));
        request.headers()
                .set(HttpHeaderNames.HOST, "annulet")
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE)
                .set(HttpHeaderNames.CONTENT_LENGTH, body.length);
        try (SocketChannel channel = connect()) {
            Thread watchdog = Thread.ofVirtual().start(() -> breakOff(channel, limit));
            codec.writeOutbound(request);
            for (ByteBuf out = codec.readOutbound(); out != null; out = codec.readOutbound()) {
                write(channel, out);
            }
            receive(channel, codec, taker);
            watchdog.interrupt();
        } finally {
            codec.finishAndReleaseAll();
        }
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return channel;
        } catch (IOException e) {
            channel.close();
            throw new CommandFailure(
                    "no back-end serves its API at " + socket + ": " + e.getMessage(),
                    "start annulet run with --api " + socket + ", or name another socket with --socket",
                    e);
        }
    }

    private static void breakOff(SocketChannel channel, @Nullable Duration limit) {
        try {
            if (limit != null) {
                Thread.sleep(limit);
                channel.close();
            }
        } catch (InterruptedException | IOException e) {
            Thread.currentThread().interrupt(); // there is an answer
        }
    }

    private static void write(SocketChannel channel, ByteBuf out) throws IOException {
        try {
            for (ByteBuffer part : out.nioBuffers()) {
                writeAll(channel, part);
            }
        } finally {
            out.release();
        }
    }

    private static void receive(SocketChannel channel, EmbeddedChannel codec, Taker taker) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
        boolean isComplete = false;
        boolean isEnd = false;
        while (!isComplete && !isEnd) {
            buffer.clear();
            isEnd = channel.read(buffer) < 0;
            if (isEnd) {
                codec.finish();
            } else {
                codec.writeInbound(Unpooled.copiedBuffer(buffer.flip()));
            }
            for (HttpObject part = codec.readInbound(); part != null; part = codec.readInbound()) {
                isComplete |= part instanceof LastHttpContent;
                taker.take(part);
            }
        }
        if (!isComplete) {
            throw new CommandFailure("the back-end broke the connection off", "try again; its log may say why");
        }
    }
}
