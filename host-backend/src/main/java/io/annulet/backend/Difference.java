package io.annulet.backend;

import io.annulet.backend.policy.PortPolicy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What leads from one configuration to another: the ports that go, come, are opened anew, and may do something else. A port
 * is opened anew if anything of it changes but its policy, or if it moves to another link or switch.
 *
 * @param removed names of ports that go for good
 * @param reopened names of ports that go, and come again as {@code next} has them
 * @param added ports that come and were not there
 * @param policies ports that stay, and may do something else
 */
public record Difference(List<String> removed, List<String> reopened, List<String> added, List<String> policies) {

    static Difference between(BackendOptions now, BackendOptions next) {
        Map<String, PortOptions> before = byName(now);
        List<String> reopened = new ArrayList<>();
        List<String> added = new ArrayList<>();
        List<String> policies = new ArrayList<>();
        for (PortOptions port : PortOpener.inOrder(next.ports())) {
            PortOptions old = before.remove(port.name());
            if (old == null) {
                added.add(port.name());
            } else if (!now.domainOf(old).equals(next.domainOf(port)) || !isSameButItsPolicy(old, port)) {
                reopened.add(port.name());
            } else if (!old.policy().toString().equals(port.policy().toString())) {
                policies.add(port.name());
            }
        }
        return new Difference(
                List.copyOf(before.keySet()), List.copyOf(reopened), List.copyOf(added), List.copyOf(policies));
    }

    private static Map<String, PortOptions> byName(BackendOptions options) {
        return options.ports().stream()
                .collect(Collectors.toMap(
                        PortOptions::name, Function.identity(), (one, other) -> one, LinkedHashMap::new));
    }

    private static boolean isSameButItsPolicy(PortOptions old, PortOptions port) {
        return old.withPolicy(PortPolicy.NONE).equals(port.withPolicy(PortPolicy.NONE));
    }

    public boolean isNone() {
        return removed.isEmpty() && reopened.isEmpty() && added.isEmpty() && policies.isEmpty();
    }

    /** Ports that are taken from their front-ends and workers, for good or for a moment. */
    Set<String> closed() {
        Set<String> all = new HashSet<>(removed);
        all.addAll(reopened);
        return all;
    }

    /** Whether what a port needs is held by one that goes. */
    static boolean waitsFor(@Nullable PortOptions port, List<PortOptions> going) {
        return port != null
                && !port.claim().isEmpty()
                && going.stream().anyMatch(other -> other.claim().equals(port.claim()));
    }

    @Override
    public String toString() {
        return isNone()
                ? "nothing"
                : List.of(
                                words("added", added),
                                words("removed", removed),
                                words("opened anew", reopened),
                                words("other policy", policies))
                        .stream()
                        .filter(part -> !part.isEmpty())
                        .collect(Collectors.joining("; "));
    }

    private static String words(String what, List<String> names) {
        return names.isEmpty() ? "" : what + ": " + String.join(", ", names);
    }
}
