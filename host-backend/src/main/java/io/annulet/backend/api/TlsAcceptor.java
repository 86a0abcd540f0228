package io.annulet.backend.api;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections over TCP: each has to show a certificate that an authority of ours vouches for before a byte of HTTP is read.
 * Of the thread {@code api}.
 */
final class TlsAcceptor {

    private static final Logger LOG = LoggerFactory.getLogger(TlsAcceptor.class);
    private static final int HANDSHAKE_SECONDS = 10;
    private static final int BACKLOG = 16;

    private final SslContext context;
    private final Predicate<Channel> admission;
    private final BiConsumer<Channel, Caller> onCaller;

    /**
     * @param admission whether there is room for one more; if so the connection counts until it is closed
     * @param onCaller gets each connection once it is known who calls
     */
    TlsAcceptor(SslContext context, Predicate<Channel> admission, BiConsumer<Channel, Caller> onCaller) {
        this.context = context;
        this.admission = admission;
        this.onCaller = onCaller;
    }

    /** Listens; the future tells how that went. */
    io.netty.channel.ChannelFuture listen(EventLoopGroup loop, ApiTls options) {
        return new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .option(io.netty.channel.ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        begin(channel);
                    }
                })
                .bind(options.address());
    }

    private void begin(SocketChannel channel) {
        if (!admission.test(channel)) {
            Future<?> _ = channel.close();
            return;
        }
        SslHandler tls = context.newHandler(channel.alloc());
        tls.setHandshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS);
        channel.pipeline().addLast(tls).addLast(new AfterHandshake(tls));
    }

    /** Goes when it is known who calls. */
    private final class AfterHandshake extends ChannelInboundHandlerAdapter {
        private final SslHandler tls;

        AfterHandshake(SslHandler tls) {
            this.tls = tls;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    goOn(context);
                } else {
                    LOG.debug("control API: {} has no certificate for it: {}", context.channel(), handshake.cause());
                    Future<?> _ = context.close();
                }
            }
        }

        private void goOn(ChannelHandlerContext context) {
            try {
                Caller caller = new Caller.Remote(commonName(tls));
                onCaller.accept(context.channel(), caller);
                context.pipeline().remove(this);
            } catch (SSLPeerUnverifiedException | InvalidNameException e) {
                LOG.warn("control API: a certificate without a name: {}", e.toString());
                Future<?> _ = context.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("control API: {}", cause.toString());
            Future<?> _ = context.close();
        }
    }

    private static String commonName(SslHandler tls) throws SSLPeerUnverifiedException, InvalidNameException {
        X509Certificate certificate =
                (X509Certificate) tls.engine().getSession().getPeerCertificates()[0];
        String subject = certificate.getSubjectX500Principal().getName();
        for (Rdn part : new LdapName(subject).getRdns()) {
            if (part.getType().equalsIgnoreCase("CN")) {
                return String.valueOf(part.getValue());
            }
        }
        return subject;
    }
}
