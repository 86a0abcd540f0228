package io.annulet.cli.vfio;

import io.annulet.backend.policy.MacText;
import io.annulet.linux.Vfio;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.IovaSpace;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicDrivers;
import io.annulet.vfio.NicLimits;
import io.annulet.vfio.NicMemory;
import io.annulet.vfio.NicStatistic;
import io.annulet.vfio.PciConfig;
import io.annulet.vfio.PciFunction;
import io.annulet.vfio.VfioDevice;
import io.annulet.vfio.VfioException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.stream.Collectors;

/** All that can be told of a device, a line each. */
final class DeviceReport {

    private static final int RECEIVE_BYTES = 2_048;

    private DeviceReport() {}

    static void print(PciFunction function, PrintWriter out) {
        if (!function.exists()) {
            throw new VfioException("there is no device " + function.address(), "see annulet vfio list");
        }
        String driver = function.driver();
        print(out, "identity", function.identity());
        print(out, "driver", driver == null ? "none" : driver);
        print(out, "Annulet's driver", NicDrivers.nameFor(function.identity()).orElse("none"));
        print(out, "IOMMU group", function.group() < 0 ? "none" : Integer.toString(function.group()));
        print(out, "reset", function.resetMethods().isEmpty() ? "none" : function.resetMethods());
        Optional<VfioException> refusal = function.refusal();
        if (refusal.isPresent()) {
            print(out, "refused", refusal.get().getMessage());
            return;
        }
        try (VfioDevice device = VfioDevice.open(function.address(), true)) {
            print(device, out);
        }
    }

    private static void print(VfioDevice device, PrintWriter out) {
        PciConfig config = device.config();
        print(out, "can be reset", device.canReset() ? "yes" : "no: say reset=optional to use it all the same");
        print(out, "MSI-X vectors", Integer.toString(device.msixVectors()));
        print(
                out,
                "capabilities",
                config.capabilities().stream()
                        .map(capability -> String.format("0x%02x at 0x%02x", capability.id(), capability.offset()))
                        .collect(Collectors.joining(", ")));
        Vfio.IommuInfo iommu = device.container().info();
        print(
                out,
                "IOVA ranges",
                iommu.iovaRanges().stream()
                        .map(range -> String.format("0x%x-0x%x", range.first(), range.last()))
                        .collect(Collectors.joining(", ")));
        print(out, "mappings left", Long.toString(iommu.mappingsLeft()));
        if (NicDrivers.nameFor(String.format("%04x:%04x", config.vendor(), config.device()))
                .isPresent()) {
            printNic(device, new IovaSpace(iommu.iovaRanges()), out);
        }
    }

    private static void printNic(VfioDevice device, IovaSpace space, PrintWriter out) {
        Interrupts interrupts = device.interrupts();
        try (NicMemory memory = NicMemory.create(
                device.container(), space, NicDrivers.readBytes(), NicDrivers.writtenBytes(), NicDrivers.ringBytes())) {
            Nic nic = NicDrivers.drive(device, memory, RECEIVE_BYTES, interrupts);
            NicLimits limits = nic.limits();
            print(out, "address", MacText.of(nic.macAddress()));
            print(out, "interrupts", interrupts == Interrupts.LINE ? "by its line" : "by messages");
            print(out, "offloads", offloads(limits));
            int addresses = limits.filterAddresses();
            print(out, "filter", addresses == 0 ? "none" : addresses + " addresses, and groups");
            String counted = nic.statistics().stream().map(NicStatistic::label).collect(Collectors.joining(", "));
            print(out, "counts", counted.isEmpty() ? "nothing" : counted);
        }
    }

    private static String offloads(NicLimits limits) {
        if (!limits.checksum()) {
            return "none";
        }
        return "checksums" + (limits.tso4() ? ", TCP over IPv4" : "") + (limits.tso6() ? ", TCP over IPv6" : "");
    }

    private static void print(PrintWriter out, String what, String value) {
        out.printf("%-18s %s%n", what, value);
    }
}
