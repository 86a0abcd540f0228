package io.annulet.backend.api;

import io.annulet.backend.PortOptions;
import io.annulet.backend.control.SessionStatus;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Which features a guest's port offers and its front-end has acknowledged, and why one is off; stateless. */
final class FeatureReport {

    private static final String ON = "on";
    private static final String NO_FRONT_END = "no front-end is attached";
    private static final String NOT_ACKNOWLEDGED =
            "the front-end or its guest did not acknowledge it: see its device options and its driver";

    /** By the bit, so that they are told in the order of the specification. */
    private static final Map<Integer, String> NAMES = names();

    /** Why a port may not offer a bit, where that is up to its options. */
    private static final Map<Long, String> OPTION = Map.of(
            VirtioFeature.NET_MQ, "the port has one queue pair: say queues=N",
            VirtioFeature.NET_MTU, "the port has no MTU: say mtu=N",
            VirtioFeature.NET_MAC, "the port has no address: say profile=generic and mac=ADDRESS",
            VirtioFeature.NET_SPEED_DUPLEX, "the port has no speed: say profile=generic and speed=MEGABITS",
            VirtioFeature.NET_RSS, "it needs profile=generic and several queue pairs");

    private FeatureReport() {}

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new TreeMap<>();
        for (Field field : VirtioFeature.class.getFields()) {
            try {
                names.put(Long.numberOfTrailingZeros(field.getLong(null)), field.getName());
            } catch (IllegalAccessException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
        return names;
    }

    static Map<String, Object> of(PortOptions.Guest port, SessionStatus status) {
        List<Object> features = new ArrayList<>();
        NAMES.forEach((bit, name) -> {
            long mask = 1L << bit;
            boolean offered = (status.offeredFeatures() & mask) != 0;
            boolean acknowledged = (status.acknowledgedFeatures() & mask) != 0;
            String why = offered ? whyNotAcknowledged(status, acknowledged) : whyNotOffered(port.options(), mask);
            features.add(entry(name, bit, offered, acknowledged, why));
        });
        List<Object> protocol = new ArrayList<>();
        for (ProtocolFeature feature : ProtocolFeature.values()) {
            boolean offered = feature.in(status.offeredProtocolFeatures());
            boolean acknowledged = feature.in(status.acknowledgedProtocolFeatures());
            String why =
                    offered ? whyNotAcknowledged(status, acknowledged) : "not implemented, or not for this profile";
            protocol.add(entry(feature.name(), feature.bit(), offered, acknowledged, why));
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("features", features);
        report.put("protocolFeatures", protocol);
        return report;
    }

    private static Map<String, Object> entry(String name, int bit, boolean offered, boolean acknowledged, String why) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", name);
        entry.put("bit", bit);
        entry.put("offered", offered);
        entry.put("acknowledged", acknowledged);
        entry.put("why", why);
        return entry;
    }

    private static String whyNotAcknowledged(SessionStatus status, boolean acknowledged) {
        return !status.attached() ? NO_FRONT_END : acknowledged ? ON : NOT_ACKNOWLEDGED;
    }

    private static String whyNotOffered(VhostUserOptions options, long mask) {
        String option = OPTION.get(mask);
        if (option != null) {
            return option;
        }
        boolean isForGeneric = options.profile() != VhostUserOptions.Profile.GENERIC
                && (VhostUserOptions.ofGenericProfile() & mask) != 0;
        return isForGeneric
                ? "QEMU keeps control queue and configuration space to itself; other front-ends: say profile=generic"
                : "not implemented: docs/FEATURES.md says why";
    }
}
