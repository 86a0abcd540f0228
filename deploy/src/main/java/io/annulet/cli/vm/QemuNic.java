package io.annulet.cli.vm;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * A virtio-net device of a guest, whose back-end is on a vhost-user socket.
 *
 * @param socket the vhost-user socket
 * @param doesQemuListen whether QEMU listens there and the back-end connects, instead of the other way round
 * @param mac such as 52:54:00:00:00:01
 * @param queuePairCount 1 or more
 * @param deviceProperties of QEMU's virtio-net-pci, for example mrg_rxbuf=off or packed=on
 */
public record QemuNic(
        Path socket, boolean doesQemuListen, String mac, int queuePairCount, Map<String, String> deviceProperties) {
    public QemuNic {
        deviceProperties = Collections.unmodifiableMap(new TreeMap<>(deviceProperties));
    }

    /** One queue pair, and QEMU connects, again and again while there is nobody. */
    public static QemuNic on(Path socket, String mac) {
        return new QemuNic(socket, false, mac, 1, Map.of());
    }

    public QemuNic listening() {
        return new QemuNic(socket, true, mac, queuePairCount, deviceProperties);
    }

    public QemuNic withQueuePairs(int count) {
        return new QemuNic(socket, doesQemuListen, mac, count, deviceProperties);
    }

    public QemuNic with(String property, String value) {
        Map<String, String> more = new TreeMap<>(deviceProperties);
        more.put(property, value);
        return new QemuNic(socket, doesQemuListen, mac, queuePairCount, more);
    }
}
