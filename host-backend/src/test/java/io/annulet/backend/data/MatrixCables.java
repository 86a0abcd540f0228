package io.annulet.backend.data;

import io.annulet.backend.port.NetworkNamespace;
import io.annulet.backend.port.TapPort;
import io.annulet.backend.port.TapPortOptions;
import io.annulet.backend.port.XdpPort;
import io.annulet.backend.port.XdpPortOptions;
import io.annulet.backend.stats.PortCounters;
import org.agrona.concurrent.status.CountersManager;

/**
 * Virtual cables with an AF_XDP port at one end of each, which serve all pairs one after the other; used by the test's thread.
 *
 * <pre>
 *   feeder === bridge === cable ~~~ source          destination ~~~ cable
 * </pre>
 */
final class MatrixCables implements AutoCloseable {

    private final CountersManager counters;
    final TapPort feeder;
    final XdpPort source;
    final XdpPort destination;

    /** @param namespace where the far ends are */
    MatrixCables(NetworkNamespace namespace, CountersManager counters) {
        this.counters = counters;
        namespace.addBridge("cables");
        feeder = TapPort.open(
                "feeder", TapPortOptions.of(NetworkNamespace.addQuietTap(false)), new PortCounters(counters, "feeder"));
        namespace.takeOnto("cables", feeder.interfaceName());
        source = open(namespace, "source");
        namespace.addToBridge("cables", "source");
        destination = open(namespace, "destination");
    }

    private XdpPort open(NetworkNamespace namespace, String name) {
        String outside = namespace.addCable(name);
        return XdpPort.open(name, XdpPortOptions.of(outside), new PortCounters(counters, name));
    }

    @Override
    public void close() {
        feeder.close();
        source.close();
        destination.close();
    }
}
