package io.annulet.guest.conform;

import java.nio.file.Path;
import java.util.List;

/** A back-end that someone else runs; the kit only connects. */
public final class SocketBackEnd implements BackEnd {

    private final String name;
    private final List<Path> sockets;

    /** @param sockets one for each port, 1 or 2 */
    public SocketBackEnd(String name, List<Path> sockets) {
        if (sockets.isEmpty() || sockets.size() > 2) {
            throw new IllegalArgumentException(sockets.size() + " sockets");
        }
        this.name = name;
        this.sockets = List.copyOf(sockets);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int ports() {
        return sockets.size();
    }

    @Override
    public Path socket(int port) {
        return sockets.get(port);
    }

    @Override
    public boolean start() {
        return false;
    }

    @Override
    public boolean isAlive() {
        return true;
    }

    @Override
    public String obituary() {
        return "";
    }

    @Override
    public Termination terminate(long timeoutNanos) {
        return Termination.NOT_OURS;
    }

    @Override
    public void stop() {}
}
