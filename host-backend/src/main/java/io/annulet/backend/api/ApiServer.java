package io.annulet.backend.api;

import io.annulet.backend.BackendException;
import io.annulet.backend.data.Readiness;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the control API on a Unix socket, and over TCP if it has certificates. Started and closed by any thread, one at a
 * time; what happens in between is the thread {@code api}'s, a Netty loop of its own, which neither guests nor frames wait
 * for.
 */
public final class ApiServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);
    private static final int BACKLOG = 16;

    /** Whoever comes while so many are there is turned away. */
    static final int MAX_CONNECTIONS = 64;

    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long CLOSE_SECONDS = 1;

    private final ApiOptions options;
    private final Router router;
    private final MultiThreadIoEventLoopGroup group;
    private final IoEventLoop loop;
    private final Set<Channel> connections = new HashSet<>();
    private @Nullable UnixListener listener;
    private Readiness.@Nullable Watch watch;
    private @Nullable Channel tcp;

    public ApiServer(ApiOptions options, List<Route> routes) {
        this.options = options;
        this.router = new Router(routes);
        this.group =
                new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("api", true), EpollIoHandler.newFactory());
        this.loop = group.next();
    }

    /**
     * Listens.
     *
     * @throws LinuxException if that is not possible; the message says what to do
     * @throws BackendException likewise, over TCP
     */
    public void start() {
        if (options.tls() != null) {
            listen(options.tls());
        }
        UnixListener opened = UnixListener.listen(options.socket(), BACKLOG, options.access());
        loop.submit(() -> {
                    listener = opened;
                    watch = new Readiness(loop).watch(opened.fd(), this::accept);
                })
                .syncUninterruptibly();
        LOG.info("control API at {}", options.socket());
    }

    private void listen(ApiTls tls) {
        TlsAcceptor acceptor = new TlsAcceptor(
                tls.context(),
                this::admit,
                (channel, caller) -> new ApiConnection.Initializer(options, router, caller).addTo(channel));
        ChannelFuture bound = acceptor.listen(group, tls).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new BackendException(
                    "API over TLS: listen at " + tls.host() + ":" + tls.port() + ": "
                            + bound.cause().getMessage() + "; choose another address with tcp=",
                    bound.cause());
        }
        tcp = bound.channel();
        LOG.info("control API at https:/{}", tcp.localAddress());
    }

    /** Whether there is room for one more connection, which counts from now on. */
    private boolean admit(Channel channel) {
        if (connections.size() >= MAX_CONNECTIONS) {
            return false;
        }
        connections.add(channel);
        Future<?> _ = channel.closeFuture().addListener(closed -> connections.remove(channel));
        return true;
    }

    private void accept() {
        UnixListener open = listener;
        if (open == null) {
            return;
        }
        try {
            for (UnixSocket next = open.accept(); next != null; next = open.accept()) {
                attach(next);
            }
        } catch (LinuxException e) {
            LOG.warn("control API: {}", e.getMessage());
            Future<?> _ = loop.schedule(this::accept, RETRY_NANOS, TimeUnit.NANOSECONDS);
        }
    }

    private void attach(UnixSocket socket) {
        if (connections.size() >= MAX_CONNECTIONS) {
            socket.close();
            return;
        }
        Caller caller;
        try {
            caller = caller(socket);
        } catch (LinuxException e) {
            LOG.warn("control API: {}", e.getMessage());
            socket.close();
            return;
        }
        EpollDomainSocketChannel channel =
                new EpollDomainSocketChannel(socket.fd().release());
        boolean _ = admit(channel);
        Future<?> _ = new Bootstrap()
                .group(loop)
                .channelFactory(() -> channel)
                .handler(new ApiConnection.Initializer(options, router, caller))
                .register();
    }

    private static Caller caller(UnixSocket socket) {
        UnixSocket.PeerCredentials peer = socket.peerCredentials();
        Set<Integer> groups = new HashSet<>(socket.peerGroups());
        groups.add(peer.groupId());
        return new Caller.Local(peer.processId(), peer.userId(), groups);
    }

    /** Stops listening and breaks connections off. */
    @Override
    public void close() {
        loop.submit(() -> {
                    if (watch != null) {
                        watch.close();
                        watch = null;
                    }
                    if (listener != null) {
                        listener.close();
                        listener = null;
                    }
                    if (tcp != null) {
                        Future<?> _ = tcp.close();
                        tcp = null;
                    }
                    for (Channel channel : List.copyOf(connections)) {
                        Future<?> _ = channel.close();
                    }
                })
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
