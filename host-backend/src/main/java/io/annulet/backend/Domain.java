package io.annulet.backend;

import io.annulet.backend.data.Forwarder;
import io.annulet.backend.data.Link;
import io.annulet.backend.data.Switch;
import io.annulet.backend.data.SwitchTable;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.NicDevice;
import io.annulet.backend.port.XdpGuestMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A forwarding domain, which is a straight link or a switch: its workers, and what forwards for each of them. Changed by the
 * composition root only; what is final may be read by any thread.
 */
public final class Domain {

    /** Which domain: a link by its ends, a switch by its name. */
    public sealed interface Key {}

    public record OfLink(LinkOptions link) implements Key {
        /** The ends in one order, whichever way the link was written. */
        public OfLink {
            link = link.one().compareTo(link.other()) <= 0 ? link : link.reversed();
        }

        @Override
        public String toString() {
            return "link " + link;
        }
    }

    public record OfSwitch(String name) implements Key {
        @Override
        public String toString() {
            return "switch " + name;
        }
    }

    private final Key key;
    private final List<Integer> workerNumbers;
    private final List<WorkerProxy> workers;
    private final List<Forwarder> forwarders;
    private final @Nullable SwitchTable table;
    private final List<NicDevice> nics = new ArrayList<>();
    private final List<XdpGuestMemory> sockets = new ArrayList<>();
    private int nextHome;

    /** @param numbers of the workers that work it, which are at the same places of {@code workers} */
    Domain(Key key, List<Integer> numbers, List<WorkerProxy> workers) {
        this.key = key;
        this.workerNumbers = List.copyOf(numbers);
        this.workers = List.copyOf(workers);
        SwitchTable shared = key instanceof OfSwitch ? new SwitchTable() : null;
        this.table = shared;
        this.forwarders = Stream.<Forwarder>generate(() -> shared == null ? new Link() : new Switch(shared))
                .limit(workers.size())
                .toList();
    }

    public Key key() {
        return key;
    }

    /** The numbers of the workers that work it. */
    public List<Integer> workerNumbers() {
        return workerNumbers;
    }

    List<WorkerProxy> workers() {
        return workers;
    }

    List<Forwarder> forwarders() {
        return forwarders;
    }

    /** Where addresses are, and what ports may do; null for a link. */
    public @Nullable SwitchTable table() {
        return table;
    }

    /** NICs that are open, with which guests that are opened later share their memory. */
    List<NicDevice> nics() {
        return nics;
    }

    /** Likewise sockets of interfaces that read guests' memory. */
    List<XdpGuestMemory> sockets() {
        return sockets;
    }

    /** The worker, by its place in the domain, that the next port begins at: so queues spread. */
    int takeHome() {
        int home = nextHome;
        nextHome = (nextHome + 1) % workers.size();
        return home;
    }
}
