package io.annulet.cli.ctl;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.cli.CommandFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A browser's connection; of the thread {@code page}. What it may ask is asked of the API by a virtual thread, and the answer
 * goes to the browser as it comes.
 */
final class PageConnection extends SimpleChannelInboundHandler<FullHttpRequest> {

    /** Another name that leads to this machine is a page's of somebody else (DNS rebinding). */
    private static final Set<String> OWN_NAMES = Set.of("127.0.0.1", "localhost", "[::1]");

    private final ApiClient client;
    private final PageKey key;

    PageConnection(ApiClient client, PageKey key) {
        this.client = client;
        this.key = key;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        Channel channel = context.channel();
        if (request.decoderResult().isFailure()) {
            refuse(channel, HttpResponseStatus.BAD_REQUEST, "this is no HTTP request");
            return;
        }
        String host = request.headers().get(HttpHeaderNames.HOST, "").toLowerCase(Locale.ROOT);
        if (!OWN_NAMES.contains(host.replaceAll(":[0-9]*$", ""))) {
            refuse(channel, HttpResponseStatus.FORBIDDEN, "the page is at 127.0.0.1 and no other name");
            return;
        }
        QueryStringDecoder query = new QueryStringDecoder(request.uri());
        String token = first(query.parameters().get(PageKey.PARAMETER));
        if (key.redeem(token) || (token != null && key.isHeldBy(request))) {
            open(channel);
        } else if (!key.isHeldBy(request)) {
            refuse(
                    channel,
                    HttpResponseStatus.FORBIDDEN,
                    "This address is good for one browser, once. Run annulet ctl page again for another one.");
        } else if (!request.method().equals(HttpMethod.GET)) {
            refuse(channel, HttpResponseStatus.METHOD_NOT_ALLOWED, "The page only looks: annulet ctl changes things.");
        } else {
            String uri = request.uri();
            boolean keepAlive = HttpUtil.isKeepAlive(request);
            channel.config().setAutoRead(false);
            Thread.ofVirtual().name("page-request").start(() -> pass(channel, uri, keepAlive));
        }
    }

    private static @Nullable String first(@Nullable List<String> values) {
        return values == null || values.isEmpty() ? null : values.getFirst();
    }

    /** The address without the token is the one to go on with. */
    private void open(Channel channel) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SEE_OTHER, Unpooled.EMPTY_BUFFER);
        response.headers()
                .set(HttpHeaderNames.LOCATION, "/")
                .set(HttpHeaderNames.SET_COOKIE, key.setCookie())
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .set("referrer-policy", "no-referrer");
        HttpUtil.setContentLength(response, 0);
        Future<?> _ = channel.writeAndFlush(response);
    }

    private static void refuse(Channel channel, HttpResponseStatus status, String why) {
        ByteBuf text = Unpooled.copiedBuffer(why + "\n", UTF_8);
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, text);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        HttpUtil.setContentLength(response, text.readableBytes());
        Future<?> _ = channel.writeAndFlush(response).addListener(written -> closeOf(channel));
    }

    private static void closeOf(Channel channel) {
        Future<?> _ = channel.close();
    }

    private void pass(Channel channel, String uri, boolean keepAlive) {
        AtomicBoolean hasBegun = new AtomicBoolean();
        try {
            client.exchange(HttpMethod.GET, uri, new byte[0], part -> {
                hasBegun.set(true);
                write(channel, part, keepAlive);
            });
            if (keepAlive) {
                channel.config().setAutoRead(true);
            } else {
                closeOf(channel);
            }
        } catch (CommandFailure e) {
            if (hasBegun.get()) {
                closeOf(channel);
            } else {
                refuse(channel, HttpResponseStatus.BAD_GATEWAY, String.valueOf(e.getMessage()));
            }
        } catch (IOException e) {
            closeOf(channel);
        }
    }

    /** Whether the connection stays is between the browser and us. */
    private static void write(Channel channel, HttpObject part, boolean keepAlive) throws IOException {
        if (part instanceof HttpResponse head) {
            HttpUtil.setKeepAlive(head.headers(), HttpVersion.HTTP_1_1, keepAlive);
        }
        try {
            if (!channel.writeAndFlush(part).await().isSuccess()) {
                throw new IOException("the browser has gone");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** It went away, or takes nothing, or has nothing to ask. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        closeOf(context.channel());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        closeOf(context.channel());
    }
}
