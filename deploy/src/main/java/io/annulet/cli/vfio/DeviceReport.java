package io.annulet.cli.vfio;

import io.annulet.linux.Vfio;
import io.annulet.vfio.NicDrivers;
import io.annulet.vfio.PciConfig;
import io.annulet.vfio.PciFunction;
import io.annulet.vfio.VfioDevice;
import io.annulet.vfio.VfioException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.stream.Collectors;

/** All that can be told of a device, a line each. */
final class DeviceReport {

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
    }

    private static void print(PrintWriter out, String what, String value) {
        out.printf("%-18s %s%n", what, value);
    }
}
