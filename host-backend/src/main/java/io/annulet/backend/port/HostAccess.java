package io.annulet.backend.port;

import io.annulet.linux.NetworkInterface;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;
import io.annulet.linux.XdpProgram;
import io.annulet.linux.XdpSetup;
import io.annulet.linux.XdpSocket;

/**
 * Opens what needs rights that this process may have given up: see {@link #DIRECT}, and {@code io.annulet.backend.broker} for
 * one that asks another process. Used on the control path, by one thread at a time; every method throws an exception whose
 * message is one line that says what to check.
 */
public interface HostAccess {

    /** With this process's own rights. */
    HostAccess DIRECT = new HostAccess() {
        @Override
        public Tap tap(String name, TapOptions options) {
            return Tap.open(name, options);
        }

        @Override
        public void setUp(NetworkInterface networkInterface, int mtu) {
            if (mtu != 0 && networkInterface.mtu() != mtu) {
                networkInterface.mtu(mtu);
            }
            if (!networkInterface.isUp()) {
                networkInterface.up();
            }
        }

        @Override
        public XdpSocket xdpSocket(NetworkInterface networkInterface, XdpSetup setup) {
            return XdpSocket.open(networkInterface, setup);
        }

        @Override
        public XdpProgram xdpProgram(NetworkInterface networkInterface, int queue, XdpSocket socket) {
            XdpProgram program = XdpProgram.attach(networkInterface, queue + 1);
            boolean named = false;
            try {
                program.name(queue, socket.fd());
                named = true;
                return program;
            } finally {
                if (!named) {
                    program.close();
                }
            }
        }
    };

    /** A queue of a tap, which is made if it is not there and may be. */
    Tap tap(String name, TapOptions options);

    /**
     * Brings an interface up with an MTU; changes only what is not so already: whoever owns a tap may use it, but only
     * CAP_NET_ADMIN may change it.
     *
     * @param mtu 0 for whatever it has
     */
    void setUp(NetworkInterface networkInterface, int mtu);

    /** A socket that is bound to a queue of an interface. */
    XdpSocket xdpSocket(NetworkInterface networkInterface, XdpSetup setup);

    /** Has the frames of a queue go to the socket that is bound to it, until what this returns is closed. */
    XdpProgram xdpProgram(NetworkInterface networkInterface, int queue, XdpSocket socket);
}
