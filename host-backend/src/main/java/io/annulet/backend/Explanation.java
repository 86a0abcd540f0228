package io.annulet.backend;

import io.annulet.backend.capture.FrameSource;
import io.annulet.backend.data.FrameTrial.End;
import io.annulet.backend.data.FrameTrial.Part;
import io.annulet.backend.data.FrameTrial.Verdict;
import io.annulet.backend.data.FrameTrial.Way;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.DropReason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What was decided on a frame, in words; immutable. */
public final class Explanation {

    private static final int FEW_PARTS = 4;

    private final BackendOptions options;
    private final String from;
    private final byte[] frame;
    private final Verdict verdict;

    public Explanation(BackendOptions options, String from, byte[] frame, Verdict verdict) {
        this.options = options;
        this.from = from;
        this.frame = frame.clone();
        this.verdict = verdict;
    }

    /** Whether some port gets the frame; a mirror does not count. */
    public boolean isDelivered() {
        return verdict.ends().values().stream()
                .anyMatch(end -> end.way() != Way.MIRRORED && !end.parts().isEmpty() && end.lost() == null);
    }

    /** For people. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("frame  " + frame.length + " bytes, " + FrameSource.describe(frame));
        if (verdict.needed() != Offload.NONE) {
            lines.add("needs  " + names(verdict.needed()) + " of its receivers, as its virtio-net header says");
        }
        lines.add("from   " + from + policy(from));
        DropReason dropped = verdict.dropped();
        lines.add(dropped == null ? "goes   " + route() : "drop   " + why(dropped));
        int width =
                verdict.ends().keySet().stream().mapToInt(String::length).max().orElse(0);
        verdict.ends()
                .forEach((port, end) ->
                        lines.add("       " + port + " ".repeat(width - port.length()) + "  " + end(port, end)));
        return lines;
    }

    private static String why(DropReason why) {
        return why.label() + ": " + why.meaning();
    }

    private String policy(String port) {
        String words = options.ports().stream()
                .filter(one -> one.name().equals(port))
                .map(one -> one.policy().toString())
                .findFirst()
                .orElse("");
        return words.isEmpty() ? "" : " (" + words.substring(1) + ")";
    }

    private boolean isLinked() {
        return options.links().stream().anyMatch(link -> link.joins(from));
    }

    private String route() {
        String inVlan = verdict.vlan() == 0 ? "" : " in VLAN " + verdict.vlan();
        if (isLinked()) {
            return "straight through its link";
        }
        if (verdict.knownAt() != null) {
            return "to " + verdict.knownAt() + inVlan + ", where its destination was seen";
        }
        return "to all ports" + inVlan
                + (verdict.isGroup() ? ": its destination is a group" : ": nobody has seen its destination yet");
    }

    private String end(String port, End end) {
        DropReason lost = end.lost();
        String got = end.parts().isEmpty() ? "" : parts(end.parts());
        if (lost != null) {
            return "drops " + (got.isEmpty() ? "it" : got) + ": " + why(lost) + policy(port);
        }
        return switch (end.way()) {
            case STRAIGHT, FLOODED -> "gets " + got + policy(port);
            case MIRRORED -> "gets a copy: " + got + policy(port);
            case ELSEWHERE -> "gets nothing: the destination is elsewhere";
            case OTHER_VLAN ->
                "gets nothing: it "
                        + (verdict.vlan() == 0
                                ? "is in VLANs, and the frame in none"
                                : "does not carry VLAN " + verdict.vlan())
                        + policy(port);
            case BOTH_ISOLATED -> "gets nothing: it is isolated, and so is " + from;
            case DROPPED -> "gets nothing";
        };
    }

    private String parts(List<Part> parts) {
        String tag = parts.getFirst().isTagged() ? ", with a VLAN tag" : "";
        int open = parts.getFirst().offloads();
        String left = open == Offload.NONE
                ? (verdict.needed() & ~Offload.VALID) == Offload.NONE ? "" : ", checksum completed"
                : ", " + names(open) + " left to it";
        if (parts.size() == 1) {
            return parts.getFirst().frameByteLength() + " bytes" + tag + left;
        }
        String lengths = parts.stream()
                .limit(FEW_PARTS)
                .map(part -> Integer.toString(part.frameByteLength()))
                .collect(Collectors.joining("+"));
        return parts.size() + " frames, cut for it, of " + lengths + (parts.size() > FEW_PARTS ? "+..." : "") + " bytes"
                + tag + left;
    }

    private static String names(int mask) {
        return String.join("+", Offload.names(mask));
    }

    /** For programs: maps, lists, strings and numbers. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("from", from);
        map.put("frame", FrameSource.describe(frame));
        map.put("bytes", frame.length);
        map.put("needs", Offload.names(verdict.needed()));
        map.put("delivered", isDelivered());
        DropReason dropped = verdict.dropped();
        if (dropped != null) {
            map.put("drop", dropped.label());
            map.put("why", dropped.meaning());
        } else {
            map.put("vlan", verdict.vlan());
            map.put("route", route());
        }
        Map<String, Object> ends = new LinkedHashMap<>();
        verdict.ends().forEach((port, end) -> ends.put(port, endMap(port, end)));
        map.put("ports", ends);
        return map;
    }

    private Map<String, Object> endMap(String port, End end) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("way", end.way().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        map.put("frames", end.parts().stream().map(Part::frameByteLength).toList());
        DropReason lost = end.lost();
        if (lost != null) {
            map.put("drop", lost.label());
        }
        map.put("says", end(port, end));
        return map;
    }
}
