package io.annulet.backend.api;

import io.annulet.backend.BackendException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to the API; owned by the thread {@code api}. It reads one request, has it served by a virtual thread, and
 * reads no further until the answer is written: a connection has one request under way at a time.
 */
final class ApiConnection extends SimpleChannelInboundHandler<FullHttpRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(ApiConnection.class);

    static final int MAX_LINE = 4 * 1024;
    static final int MAX_HEADERS = 8 * 1024;
    static final int MAX_BODY = 1024 * 1024;

    /** From one answer, or the beginning, to the end of the next request; so long an idle connection is kept too. */
    static final long REQUEST_SECONDS = 30;

    /** How long the caller may take to read something. */
    private static final int WRITE_SECONDS = 10;

    /** The pipeline of a connection. */
    static final class Initializer extends ChannelInitializer<DomainSocketChannel> {
        private final ApiOptions options;
        private final Router router;
        private final Caller caller;

        Initializer(ApiOptions options, Router router, Caller caller) {
            this.options = options;
            this.router = router;
            this.caller = caller;
        }

        @Override
        protected void initChannel(DomainSocketChannel channel) {
            HttpDecoderConfig limits =
                    new HttpDecoderConfig().setMaxInitialLineLength(MAX_LINE).setMaxHeaderSize(MAX_HEADERS);
            channel.pipeline()
                    .addLast(new WriteTimeoutHandler(WRITE_SECONDS))
                    .addLast(new HttpServerCodec(limits))
                    .addLast(new HttpObjectAggregator(MAX_BODY, true))
                    .addLast(new FlowControlHandler())
                    .addLast(new ApiConnection(options, router, caller));
        }
    }

    private final ApiOptions options;
    private final Router router;
    private final Caller caller;
    private @Nullable ScheduledFuture<?> deadline;

    private ApiConnection(ApiOptions options, Router router, Caller caller) {
        this.options = options;
        this.router = router;
        this.caller = caller;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        awaitRequest(context);
        context.fireChannelActive();
    }

    private void awaitRequest(ChannelHandlerContext context) {
        deadline = context.executor().schedule(() -> close(context), REQUEST_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cancelDeadline();
        context.fireChannelInactive();
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        cancelDeadline();
        boolean keepAlive = HttpUtil.isKeepAlive(request);
        if (request.decoderResult().isFailure()) {
            answer(context, error(HttpResponseStatus.BAD_REQUEST, "this is no HTTP request"), false);
            return;
        }
        context.channel().config().setAutoRead(false);
        HttpMethod method = request.method();
        String uri = request.uri();
        byte[] body = ByteBufUtil.getBytes(request.content());
        Thread.ofVirtual().name("api-request").start(() -> {
            ApiResponse response = serve(method, uri, body);
            context.executor().execute(() -> answer(context, response, keepAlive));
        });
    }

    private ApiResponse serve(HttpMethod method, String uri, byte[] body) {
        try {
            QueryStringDecoder query = new QueryStringDecoder(uri);
            Router.Match match = router.find(method, query.rawPath());
            if (!options.allows(caller, match.route().right())) {
                return error(
                        HttpResponseStatus.FORBIDDEN,
                        "user " + caller.userId() + " may not "
                                + (match.route().right() == Right.READ ? "read" : "change")
                                + " here: ask for it by the API's options read= and change=");
            }
            ApiResponse response = match.route()
                    .handler()
                    .handle(new ApiRequest(caller, match.parameters(), query.parameters(), body));
            if (match.route().right() == Right.CHANGE) {
                LOG.info("control API: {} {} by {}", method, query.rawPath(), caller);
            }
            return response;
        } catch (ApiException e) {
            return error(e.status(), String.valueOf(e.getMessage()));
        } catch (BackendException e) {
            return error(HttpResponseStatus.CONFLICT, String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            return error(HttpResponseStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
        } catch (Throwable ours) {
            LOG.error("control API: {} {} failed", method, uri.length() > 100 ? uri.substring(0, 100) : uri, ours);
            return error(HttpResponseStatus.INTERNAL_SERVER_ERROR, "an error of our own; the log says more");
        }
    }

    static ApiResponse error(HttpResponseStatus status, String message) {
        String line = message.lines().findFirst().orElse("");
        return ApiResponse.json(status, Map.of("error", line));
    }

    private void answer(ChannelHandlerContext context, ApiResponse response, boolean keepAlive) {
        ByteBuf body = Unpooled.wrappedBuffer(response.body());
        FullHttpResponse http = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, response.status(), body);
        if (!response.contentType().isEmpty()) {
            http.headers().set(HttpHeaderNames.CONTENT_TYPE, response.contentType());
        }
        http.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        http.headers().set("x-content-type-options", "nosniff");
        HttpUtil.setContentLength(http, body.readableBytes());
        HttpUtil.setKeepAlive(http, keepAlive);
        Future<?> _ = context.writeAndFlush(http).addListener(written -> {
            if (!written.isSuccess() || !keepAlive) {
                close(context);
            } else {
                awaitRequest(context);
                context.channel().config().setAutoRead(true);
            }
        });
    }

    private static void close(ChannelHandlerContext context) {
        Future<?> _ = context.close();
    }

    /** The caller went away, or does not take its answer. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("control API: {} left: {}", caller, cause.toString());
        close(context);
    }
}
