package io.annulet.vfio;

import java.util.List;

/**
 * Which frames a NIC is to receive, beside those for everybody. Addresses are six bytes, the first of them lowest.
 *
 * @param everything all frames, whoever they are for
 * @param addresses else those for one of these
 * @param allGroups and those for any group
 * @param groups else those for one of these groups
 */
public record NicFilter(boolean everything, List<Long> addresses, boolean allGroups, List<Long> groups) {

    public static final NicFilter EVERYTHING = new NicFilter(true, List.of(), true, List.of());

    public NicFilter {
        addresses = List.copyOf(addresses);
        groups = List.copyOf(groups);
    }
}
