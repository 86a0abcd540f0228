package io.annulet.backend.port;

import io.annulet.vfio.Interrupts;
import io.annulet.vfio.NicFilter;
import io.annulet.vfio.NicLimits;

/**
 * How a NIC is doing, as its port saw it last.
 *
 * @param macAddress the NIC's own, its first byte lowest
 * @param filter what it was told to receive
 */
public record NicStatus(
        NicLimits limits,
        long macAddress,
        Interrupts interrupts,
        boolean running,
        boolean linkUp,
        NicFilter filter,
        boolean filterIsSet) {}
