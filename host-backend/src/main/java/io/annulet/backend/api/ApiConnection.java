package io.annulet.backend.api;

import io.annulet.backend.BackendException;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
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

    private static final ApiResponse FOREIGN =
            error(HttpResponseStatus.FORBIDDEN, "pages of other sites may ask nothing here");

    /** How long the caller may take to read something. */
    static final int WRITE_SECONDS = 10;

    /** The pipeline of a connection. */
    static final class Initializer extends ChannelInitializer<Channel> {
        private final ApiOptions options;
        private final Router router;
        private final Caller caller;

        Initializer(ApiOptions options, Router router, Caller caller) {
            this.options = options;
            this.router = router;
            this.caller = caller;
        }

        @Override
        protected void initChannel(Channel channel) {
            addTo(channel);
        }

        /** Behind what is there already. */
        void addTo(Channel channel) {
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

    /** The first request is awaited from here on; a connection with TLS has been there for a while. */
    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        awaitRequest(context);
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
            refuse(context);
            return;
        }
        String origin = request.headers().get(HttpHeaderNames.ORIGIN);
        context.channel().config().setAutoRead(false);
        HttpMethod method = request.method();
        String host = request.headers().get(HttpHeaderNames.HOST, "");
        String uri = request.uri();
        byte[] body = ByteBufUtil.getBytes(request.content());
        Thread.ofVirtual().name("api-request").start(() -> {
            boolean written = answer(context, isOfOthers(origin, host) ? FOREIGN : serve(method, uri, body), keepAlive);
            context.executor().execute(() -> next(context, written && keepAlive));
        });
    }

    /** A browser has a key, and would use it for anybody's page. */
    private static boolean isOfOthers(@Nullable String origin, String host) {
        return origin != null && !origin.replaceFirst("^https?://", "").equalsIgnoreCase(host);
    }

    private static void refuse(ChannelHandlerContext context) {
        Thread.ofVirtual().name("api-request").start(() -> {
            boolean _ = answer(context, error(HttpResponseStatus.BAD_REQUEST, "this is no HTTP request"), false);
            context.executor().execute(() -> close(context));
        });
    }

    /** On the request's thread; returns whether the caller has all of it. */
    private static boolean answer(ChannelHandlerContext context, ApiResponse response, boolean keepAlive) {
        try {
            new ApiAnswer(context.channel(), keepAlive).write(response, ApiConnection::refusal);
            return true;
        } catch (IOException e) {
            LOG.debug("control API: {}", e.toString());
            return false;
        }
    }

    private void next(ChannelHandlerContext context, boolean keepAlive) {
        if (!keepAlive) {
            close(context);
        } else {
            awaitRequest(context);
            context.channel().config().setAutoRead(true);
        }
    }

    private ApiResponse serve(HttpMethod method, String uri, byte[] body) {
        try {
            QueryStringDecoder query = new QueryStringDecoder(uri);
            Router.Match match = router.find(method, query.rawPath());
            if (!options.allows(caller, match.route().right())) {
                return error(
                        HttpResponseStatus.FORBIDDEN,
                        caller + " may not "
                                + (match.route().right() == Right.READ ? "read" : "change")
                                + " here: ask for it by the API's options read=, change= and tls-change=");
            }
            ApiResponse response = match.route()
                    .handler()
                    .handle(new ApiRequest(caller, match.parameters(), query.parameters(), body));
            if (match.route().right() == Right.CHANGE) {
                LOG.info("control API: {} {} by {}", method, query.rawPath(), caller);
            }
            return response;
        } catch (Exception e) {
            return refusal(e);
        } catch (Throwable ours) {
            return ours(ours);
        }
    }

    /** The answer to a request that cannot be served. */
    private static ApiResponse refusal(Exception why) {
        return switch (why) {
            case ApiException e -> error(e.status(), String.valueOf(e.getMessage()));
            case BackendException e -> error(HttpResponseStatus.CONFLICT, String.valueOf(e.getMessage()));
            case IllegalArgumentException e -> error(HttpResponseStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
            default -> ours(why);
        };
    }

    private static ApiResponse ours(Throwable why) {
        LOG.error("control API: a request failed", why);
        return error(HttpResponseStatus.INTERNAL_SERVER_ERROR, "an error of our own; the log says more");
    }

    static ApiResponse error(HttpResponseStatus status, String message) {
        String line = message.lines().findFirst().orElse("");
        return ApiResponse.json(status, Map.of("error", line));
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
