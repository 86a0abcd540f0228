package io.annulet.cli;

import io.annulet.backend.policy.PortLimits;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.policy.RateLimit;
import io.annulet.backend.policy.SourceRule;
import io.annulet.backend.policy.VlanRule;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Reads what a port may do on a switch, from the options that all kinds of port have. */
final class PolicySpec {

    private enum Choice {
        OFF,
        ON
    }

    private PolicySpec() {}

    static PortPolicy take(SpecOptions options) {
        return PortPolicy.NONE
                .withVlans(vlans(options))
                .withSources(sources(options))
                .withIsolation(options.choice("isolated", Choice.OFF) == Choice.ON)
                .withLimits(limits(options));
    }

    private static PortLimits limits(SpecOptions options) {
        return new PortLimits(
                new RateLimit(options.amount("rate-in"), options.amount("frames-in")),
                new RateLimit(options.amount("rate-out"), options.amount("frames-out")),
                options.number("burst", PortLimits.USUAL_BURST_MILLIS),
                options.number("storm", 0),
                options.number("max-macs", 0));
    }

    private static @Nullable SourceRule sources(SpecOptions options) {
        String macs = options.text("allow-mac");
        String addresses = options.text("allow-ip");
        return macs == null && addresses == null ? null : SourceRule.parse(macs, addresses);
    }

    private static @Nullable VlanRule vlans(SpecOptions options) {
        int access = options.number("vlan", -1);
        BitSet trunk = options.numbers("trunk", VlanRule.MAX_VLAN);
        int nativeVlan = options.number("native", -1);
        if (access >= 0 && !trunk.isEmpty()) {
            throw new IllegalArgumentException("vlan is for a port in one VLAN, trunk for several: leave out one");
        }
        if (nativeVlan >= 0 && trunk.isEmpty()) {
            throw new IllegalArgumentException(
                    "native is for a trunk: write trunk=10+20-29 too, or vlan=" + nativeVlan);
        }
        if (access >= 0) {
            return VlanRule.access(access);
        }
        if (trunk.isEmpty()) {
            return null;
        }
        return nativeVlan >= 0 ? VlanRule.trunk(trunk, nativeVlan) : VlanRule.trunk(trunk);
    }
}
