package io.annulet.backend.policy;

import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * That a port gets copies of what other ports send and receive, and takes part in nothing else; immutable.
 *
 * @param ports by name
 * @param direction what comes from them, what goes to them, or both; as the switch sees it
 */
public record MirrorRule(Set<String> ports, Direction direction) {

    public enum Direction {
        IN,
        OUT,
        BOTH
    }

    public MirrorRule {
        ports = Set.copyOf(ports);
        if (ports.isEmpty()) {
            throw new IllegalArgumentException("mirror: name the ports that it shows, such as mirror=a+b");
        }
    }

    /** Whether it gets frames that come from a port, or those that go to it. */
    public boolean shows(String port, boolean in) {
        return ports.contains(port)
                && (direction == Direction.BOTH || direction == (in ? Direction.IN : Direction.OUT));
    }

    /** As the options say it. */
    @Override
    public String toString() {
        return "mirror=" + String.join("+", new TreeSet<>(ports))
                + (direction == Direction.BOTH
                        ? ""
                        : ",mirror-dir=" + direction.name().toLowerCase(Locale.ROOT));
    }
}
