package io.annulet.backend;

import io.annulet.backend.data.FrameTrial;
import io.annulet.backend.data.FrameTrial.Known;
import io.annulet.backend.data.FrameTrial.Place;
import io.annulet.backend.data.FrameTrial.Verdict;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.PortCounters;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells what a back-end of some options would do with a frame, by the code that does it: {@link FrameTrial}. Stateless.
 *
 * <p>What front-ends, kernels and devices agree on at run time is not in the options. So guests are taken to have
 * acknowledged every offload, taps to take all but UDP fragments, and all else to take finished frames only, unless it is
 * said otherwise; limits are taken to be unused.
 */
public final class Explainer {

    private Explainer() {}

    /**
     * Decides on a frame.
     *
     * @param header the virtio-net header that it comes with, 12 bytes
     * @param known where addresses were seen before
     * @param accepts masks of {@link Offload}s by ports, where they are known to be other than usual
     * @throws IllegalArgumentException if there is no such port, with one line that says which there are
     */
    public static Verdict explain(
            BackendOptions options,
            String from,
            byte[] header,
            byte[] frame,
            List<Known> known,
            Map<String, Integer> accepts) {
        List<PortOptions> domain = domainOf(options, from);
        boolean isLink = options.links().stream().anyMatch(link -> link.joins(from));
        Map<String, Integer> masks = new HashMap<>();
        domain.forEach(port -> masks.put(port.name(), accepts.getOrDefault(port.name(), usual(port))));
        List<Place> places = domain.stream()
                .map(port -> new Place(port.name(), port.policy(), masks.getOrDefault(port.name(), 0), mtu(port)))
                .toList();
        CountersFile counters = CountersFile.inMemory(places.size() * PortCounters.COUNT);
        FrameTrial trial = isLink
                ? FrameTrial.ofLink(places, counters.manager())
                : FrameTrial.ofSwitch(places, counters.manager());
        for (Known one : known) {
            if (!masks.containsKey(one.port())) {
                throw new IllegalArgumentException("there is no port " + one.port() + " beside " + from);
            }
            trial.learn(one);
        }
        return trial.decide(from, header, frame, usable(domain, from));
    }

    private static List<PortOptions> domainOf(BackendOptions options, String from) {
        return options.ports().stream()
                .filter(port -> port.name().equals(from))
                .findFirst()
                .map(port -> options.portsOf(options.domainOf(port)))
                .orElseThrow(() -> new IllegalArgumentException("there is no port " + from + "; there are "
                        + String.join(
                                ", ",
                                options.ports().stream().map(PortOptions::name).toList())));
    }

    private static int usable(List<PortOptions> domain, String from) {
        return domain.stream()
                .filter(port -> port.name().equals(from))
                .mapToInt(port -> port instanceof PortOptions.Guest || port instanceof PortOptions.Tap
                        ? Offload.ALL
                        : Offload.CHECKSUM | Offload.VALID)
                .findFirst()
                .orElse(Offload.NONE);
    }

    /** What ports of a kind take, as far as that can be told from here. */
    private static int usual(PortOptions port) {
        return switch (port) {
            case PortOptions.Guest guest -> Offload.ALL;
            case PortOptions.Tap tap -> Offload.ALL & ~Offload.UFO;
            default -> Offload.NONE;
        };
    }

    private static int mtu(PortOptions port) {
        return port instanceof PortOptions.Guest guest ? guest.options().mtu() : 0;
    }
}
