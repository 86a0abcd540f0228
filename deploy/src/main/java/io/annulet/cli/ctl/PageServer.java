package io.annulet.cli.ctl;

import io.annulet.cli.CommandFailure;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * Passes the API's page on to a browser, on a loopback address; any thread starts and closes it. What a browser asks is asked
 * with the rights of this process, so that a request needs the key that only the browser has which was shown the address.
 */
final class PageServer implements AutoCloseable {

    private static final int MOST_BODY_BYTES = 64 * 1024;
    private static final int IDLE_SECONDS = 60;
    private static final int WRITE_SECONDS = 10;

    private final MultiThreadIoEventLoopGroup group;
    private final Channel listener;
    private final PageKey key;

    private PageServer(MultiThreadIoEventLoopGroup group, Channel listener, PageKey key) {
        this.group = group;
        this.listener = listener;
        this.key = key;
    }

    /**
     * Listens.
     *
     * @param port 0 for any that is free
     */
    static PageServer start(ApiClient client, int port) {
        MultiThreadIoEventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("page", true), NioIoHandler.newFactory());
        PageKey key = new PageKey();
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline()
                                .addLast(new IdleStateHandler(0, 0, IDLE_SECONDS))
                                .addLast(new WriteTimeoutHandler(WRITE_SECONDS))
                                .addLast(new HttpServerCodec())
                                .addLast(new HttpObjectAggregator(MOST_BODY_BYTES, true))
                                .addLast(new FlowControlHandler())
                                .addLast(new PageConnection(client, key));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
            throw new CommandFailure(
                    "listen at port " + port + " on loopback: " + bound.cause().getMessage(),
                    "choose another with --port, or leave it out",
                    bound.cause());
        }
        return new PageServer(group, bound.channel(), key);
    }

    /** What is to be opened, once. */
    String address() {
        InetSocketAddress local = (InetSocketAddress) listener.localAddress();
        return "http://127.0.0.1:" + local.getPort() + "/?" + PageKey.PARAMETER + "=" + key.token();
    }

    @Override
    public void close() {
        listener.close().awaitUninterruptibly();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
