package io.annulet.backend;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.PortBudget;
import io.annulet.backend.control.StateFolder;
import io.annulet.backend.data.SwitchTable;
import io.annulet.backend.port.HostAccess;
import io.annulet.backend.port.LoopbackPort;
import io.annulet.backend.port.NicDevice;
import io.annulet.backend.port.PcapPort;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.Port;
import io.annulet.backend.port.SharedPort;
import io.annulet.backend.port.TapPort;
import io.annulet.backend.port.XdpPort;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.UserFaults;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens ports, each kind in its way; used by the composition root only. */
final class PortOpener {

    private static final Logger LOG = LoggerFactory.getLogger(PortOpener.class);

    private final CountersFile counters;
    private final ControlLoop loop;
    private final StateFolder state;
    private final PortBudget budget;
    private final HostAccess access;
    private final @Nullable TakenBackend taken;

    /**
     * @param budget of which ports get their part
     * @param access opens what needs rights
     * @param taken what another process opened and this one goes on with; null if there is none
     */
    PortOpener(
            CountersFile counters,
            ControlLoop loop,
            StateFolder state,
            PortBudget budget,
            HostAccess access,
            @Nullable TakenBackend taken) {
        this.taken = taken;
        this.counters = counters;
        this.loop = loop;
        this.state = state;
        this.budget = budget;
        this.access = access;
    }

    /**
     * NICs and interfaces first, since guests share their memory with them. A replay begins at once, so the ports that its
     * frames go to are there before it.
     */
    static List<PortOptions> inOrder(List<PortOptions> ports) {
        return ports.stream()
                .sorted(Comparator.comparing(port -> switch (port) {
                    case PortOptions.Nic nic -> 0;
                    case PortOptions.Xdp xdp -> 0;
                    case PortOptions.Pcap pcap when pcap.options().direction() == PcapPortOptions.Direction.READ -> 2;
                    default -> 1;
                }))
                .toList();
    }

    /**
     * Opens a port, which no worker has yet.
     *
     * @throws BackendException if that is not possible
     */
    OpenPort open(PortOptions options, Domain domain) {
        List<PortCounters> rows = new ArrayList<>();
        SwitchTable table = domain.table();
        boolean opened = false;
        try {
            for (int i = 0; i < domain.workers().size(); i++) {
                rows.add(new PortCounters(counters.manager(), options.name()));
            }
            OpenPort port = open(options, domain, rows);
            if (table != null) {
                table.policy(options.name(), options.policy());
            }
            opened = true;
            return port;
        } catch (RuntimeException e) {
            throw new BackendException("open port " + options.name() + ": " + e.getMessage(), e);
        } finally {
            if (!opened) {
                rows.forEach(PortCounters::close);
            }
        }
    }

    private OpenPort open(PortOptions options, Domain domain, List<PortCounters> rows) {
        int home = domain.takeHome();
        return switch (options) {
            case PortOptions.Guest guest -> {
                if (guest.options().postcopy()) {
                    UserFaults.open().close(); // better refused now than when a guest is about to arrive
                }
                GuestEndpoint endpoint = new GuestEndpoint(
                        guest.options(), loop, domain.workers(), home, rows, state, budget.take(guest.options()));
                endpoint.shareWith(List.copyOf(domain.nics()), List.copyOf(domain.sockets()));
                yield new OpenPort(options, domain, rows, endpoint.port().shards(), endpoint, null, null);
            }
            case PortOptions.Tap tap -> {
                List<TapPort> shards = TakenBackend.openTap(taken, tap, home, rows, access);
                TapPort first = shards.getFirst();
                yield new OpenPort(options, domain, rows, shards, null, first, first.interfaceName());
            }
            case PortOptions.Xdp xdp -> {
                XdpPort port =
                        XdpPort.open(xdp.name(), xdp.options(), domain.workers().get(home), rows.get(home), access);
                Optional.ofNullable(port.guestMemory()).ifPresent(domain.sockets()::add);
                LOG.info("port {}: {}", xdp.name(), port.how());
                yield undivided(options, domain, rows, home, port, port);
            }
            case PortOptions.Nic nic -> {
                NicDevice device = NicDevice.open(nic.name(), nic.options(), rows.getFirst());
                domain.nics().add(device);
                yield new OpenPort(options, domain, rows, List.of(device.port()), null, device, null);
            }
            case PortOptions.Pcap pcap -> {
                PcapPort port = PcapPort.open(pcap.name(), pcap.options(), rows.get(home));
                yield undivided(options, domain, rows, home, port, port);
            }
            case PortOptions.Loopback loopback ->
                undivided(options, domain, rows, home, new LoopbackPort(loopback.name(), rows.get(home)), () -> {});
        };
    }

    /** A port is closed: what was set aside for it is free. */
    void closed(OpenPort port) {
        GuestEndpoint endpoint = port.endpoint();
        if (endpoint != null) {
            budget.giveBack(endpoint.limits());
        }
    }

    private static OpenPort undivided(
            PortOptions options, Domain domain, List<PortCounters> rows, int home, Port port, AutoCloseable resource) {
        List<Port> shards = SharedPort.of(port, home, domain.workers(), rows);
        return new OpenPort(options, domain, rows, shards, null, resource, null);
    }
}
