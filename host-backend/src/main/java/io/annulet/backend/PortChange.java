package io.annulet.backend;

import io.annulet.backend.port.NicDevice;
import io.annulet.backend.port.XdpPort;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One change of the ports that are open, from a configuration to another; used once, by the composition root.
 *
 * <p>What may fail comes first, and each step knows how it is undone: new ports are opened, then those that change are
 * closed and opened anew. Only when nothing can fail any more, ports go for good and policies change. So a change is made
 * whole or not at all; a port that was to change has then lost its session for a moment, and no other port has.
 */
final class PortChange {

    private static final Logger LOG = LoggerFactory.getLogger(PortChange.class);

    private final OpenPorts open;
    private final BackendOptions now;
    private final BackendOptions next;
    private final Difference difference;
    private final Deque<Runnable> undo = new ArrayDeque<>();

    PortChange(OpenPorts open, BackendOptions now, BackendOptions next) {
        this.open = open;
        this.now = now;
        this.next = next;
        this.difference = Difference.between(now, next);
    }

    /**
     * Makes the change.
     *
     * @throws BackendException if it is not possible; everything is as before then, as far as the message does not say more
     */
    Difference apply() {
        checkNics();
        try {
            List<PortOptions> going = options(now, difference.closed());
            List<OpenPort> opened = new ArrayList<>();
            List<String> late = new ArrayList<>();
            for (String name : difference.added()) {
                PortOptions port = options(next, name);
                if (Difference.waitsFor(port, going)) {
                    late.add(name);
                } else {
                    opened.add(open(port, next));
                }
            }
            open.start(opened);
            List<String> goingSoon = new ArrayList<>(difference.reopened());
            late.forEach(name -> goingSoon.addAll(holders(options(next, name), going)));
            goingSoon.stream().distinct().forEach(this::closeForNow);
            List<OpenPort> anew = new ArrayList<>();
            for (String name : difference.reopened()) {
                anew.add(open(options(next, name), next));
            }
            for (String name : late) {
                anew.add(open(options(next, name), next));
            }
            open.start(anew);
        } catch (RuntimeException e) {
            throw undone(e);
        }
        finish();
        return difference;
    }

    private void finish() {
        for (String name : difference.removed()) {
            OpenPort port = open.port(name);
            if (port != null) {
                open.close(port);
            }
        }
        for (String name : difference.policies()) {
            open.changePolicy(Objects.requireNonNull(open.port(name)), options(next, name));
        }
        open.dropEmptyDomains();
    }

    /** A guest shares its memory with what was there when its port was opened, and would go on doing so. */
    private void checkNics() {
        for (String name : difference.closed()) {
            OpenPort nic = open.port(name);
            if (nic == null || !readsGuests(nic)) {
                continue;
            }
            for (OpenPort other : open.ports()) {
                if (other.domain() == nic.domain()
                        && other.endpoint() != null
                        && !difference.closed().contains(other.name())) {
                    throw new BackendException(
                            "port " + name + ": what reads guests' memory is taken out together with those guests:"
                                    + " change port " + other.name() + " too, or restart the back-end",
                            null);
                }
            }
        }
    }

    private static boolean readsGuests(OpenPort port) {
        return port.resource() instanceof NicDevice
                || (port.resource() instanceof XdpPort xdp && xdp.guestMemory() != null);
    }

    private OpenPort open(PortOptions port, BackendOptions of) {
        undo.push(() -> {
            OpenPort opened = open.port(port.name());
            if (opened != null) {
                open.close(opened);
            }
        });
        return open.open(port, of.domainOf(port));
    }

    private void closeForNow(String name) {
        OpenPort port = open.port(name);
        if (port != null) {
            PortOptions options = port.options();
            undo.push(() -> open.start(List.of(open.open(options, now.domainOf(options)))));
            open.close(port);
        }
    }

    /** The ports that go and hold what another one needs. */
    private static List<String> holders(PortOptions port, List<PortOptions> going) {
        return going.stream()
                .filter(other -> other.claim().equals(port.claim()))
                .map(PortOptions::name)
                .toList();
    }

    private BackendException undone(RuntimeException cause) {
        List<String> lost = new ArrayList<>();
        while (!undo.isEmpty()) {
            try {
                undo.pop().run();
            } catch (RuntimeException e) {
                LOG.error("a change could not be undone", e);
                lost.add(String.valueOf(e.getMessage()));
            }
        }
        open.dropEmptyDomains();
        String rest = lost.isEmpty() ? "" : "; and the change was not undone: " + String.join("; ", lost);
        return new BackendException(cause.getMessage() + rest, cause);
    }

    private static PortOptions options(BackendOptions of, String name) {
        return of.ports().stream()
                .filter(port -> port.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<PortOptions> options(BackendOptions of, Set<String> names) {
        return of.ports().stream().filter(port -> names.contains(port.name())).toList();
    }
}
