package io.annulet.backend.broker;

import io.annulet.backend.port.HostAccess;
import io.annulet.backend.port.PortException;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;
import io.annulet.linux.UnixSocket;
import io.annulet.linux.XdpProgram;
import io.annulet.linux.XdpSetup;
import io.annulet.linux.XdpSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Has a {@link Broker} open what this process may not; used on the control path by one thread at a time. */
public final class BrokeredAccess implements HostAccess, AutoCloseable {

    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final UnixSocket socket;

    private BrokeredAccess(UnixSocket socket) {
        this.socket = socket;
    }

    /** Connects to a broker that listens. */
    public static BrokeredAccess connect(Path path) {
        return new BrokeredAccess(UnixSocket.connect(path));
    }

    private synchronized BrokerMessage ask(@Nullable XdpSocket along, Object... words) {
        boolean sent = along == null
                ? BrokerMessage.send(socket, List.of(words))
                : BrokerMessage.send(socket, List.of(words), along.fd());
        BrokerMessage answer = sent ? BrokerMessage.receive(socket, ANSWER_NANOS) : null;
        String action = "have " + words[1] + " opened outside of the sandbox";
        if (answer == null) {
            throw new PortException(
                    action, "the process that does so is gone or does not answer", "start annulet anew");
        }
        if (!answer.word(0).equals(Broker.DONE)) {
            answer.closeFds();
            throw new IllegalStateException(answer.word(1));
        }
        return answer;
    }

    @Override
    public Tap tap(String name, TapOptions options) {
        BrokerMessage answer = ask(
                null,
                Broker.Request.TAP,
                name,
                options.presence(),
                options.headerByteLength(),
                options.multiQueue(),
                options.nonBlocking(),
                options.offloads());
        return Tap.adopt(answer.fd(0), answer.word(1), options, Boolean.parseBoolean(answer.word(2)));
    }

    @Override
    public void setUp(NetworkInterface networkInterface, int mtu) {
        boolean isSo = networkInterface.isUp() && (mtu == 0 || networkInterface.mtu() == mtu);
        if (!isSo) {
            ask(null, Broker.Request.SET_UP, networkInterface.name(), mtu);
        }
    }

    @Override
    public XdpSocket xdpSocket(NetworkInterface networkInterface, XdpSetup setup) {
        BrokerMessage answer = ask(null, Broker.Request.XDP_SOCKET, networkInterface.name());
        return XdpSocket.over(answer.fd(0), networkInterface, setup);
    }

    @Override
    public XdpProgram xdpProgram(NetworkInterface networkInterface, int queue, XdpSocket named) {
        BrokerMessage answer = ask(named, Broker.Request.XDP_PROGRAM, networkInterface.name(), queue);
        return XdpProgram.adopt(networkInterface, answer.fd(0), answer.fd(1), XdpProgram.Mode.valueOf(answer.word(1)));
    }

    @Override
    public void close() {
        socket.close();
    }
}
