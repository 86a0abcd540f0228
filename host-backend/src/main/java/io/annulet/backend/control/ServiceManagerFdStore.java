package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import io.annulet.linux.NotifySocket;
import io.annulet.linux.PassedDescriptors;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store that a service manager has for each service, systemd's or one that speaks as it does; used by one thread at a
 * time. It takes descriptors by sd_notify(3), FDSTORE=1, and starts the next process with them.
 */
public final class ServiceManagerFdStore implements FdStore {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManagerFdStore.class);
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final NotifySocket socket;
    private final Map<String, Fd> stored;

    private ServiceManagerFdStore(NotifySocket socket, Map<String, Fd> stored) {
        this.socket = socket;
        this.stored = stored;
    }

    /**
     * By the variables NOTIFY_SOCKET and LISTEN_FDS of a process, once in it.
     *
     * @throws LinuxException if there is no service manager
     * @throws IllegalStateException if it does not say where it listens, or keeps nothing for this service
     */
    public static ServiceManagerFdStore of(Map<String, String> environment, long processId) {
        String where = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (where.isEmpty()) {
            throw new IllegalStateException("no service manager started this process");
        }
        // Not all of them say how many they keep.
        if (environment.getOrDefault("FDSTORE", "1").equals("0")) {
            throw new IllegalStateException("the service manager keeps nothing for this service");
        }
        return new ServiceManagerFdStore(NotifySocket.connect(where), PassedDescriptors.stored(environment, processId));
    }

    @Override
    public Map<String, Fd> restore() {
        return stored;
    }

    /** Not polled by the service manager: it would let go of a peer that left, and others would never hear that it did. */
    @Override
    public void put(String name, Fd fd) {
        tell(socket.send("FDSTORE=1\nFDNAME=" + PassedDescriptors.STORED + name + "\nFDPOLL=0", fd, LIMIT_NANOS), name);
    }

    @Override
    public void remove(String name) {
        tell(socket.send("FDSTOREREMOVE=1\nFDNAME=" + PassedDescriptors.STORED + name), name);
    }

    private static void tell(boolean isTaken, String name) {
        if (!isTaken) {
            LOG.warn("the service manager did not take {}: after a restart its channel may be empty", name);
        }
    }

    @Override
    public boolean keeps() {
        return true;
    }

    @Override
    public void close() {
        socket.close();
    }
}
