package io.annulet.cli.vfio;

import io.annulet.cli.Json;
import io.annulet.vfio.IommuGroups;
import io.annulet.vfio.NicDrivers;
import io.annulet.vfio.PciFunction;
import io.annulet.vfio.VfioException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet vfio}: lists the network controllers of this machine and hands them to user space and back. */
@Command(
        name = "vfio",
        description = "Shows which NICs can be given to Annulet, gives them, and takes them back.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "  annulet vfio list",
            "  sudo annulet vfio bind 0000:02:00.0",
            "  sudo annulet run --port nic=vfio:0000:02:00.0 --port a=vhost-user:/run/a.sock"
        })
public final class VfioCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().usage(out());
        out().flush();
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    @Command(name = "list", description = "Lists the network controllers and what would keep each from being used.")
    int list(
            @Option(names = "--all", description = "Also the devices that are no network controllers.") boolean all,
            @Option(names = "--json", description = "Print one JSON object.") boolean json)
            throws IOException {
        List<Map<String, Object>> found = new ArrayList<>();
        for (IommuGroups.Group group : IommuGroups.list()) {
            for (IommuGroups.Device device : group.devices()) {
                if (PciFunction.isAddress(device.address()) && (all || device.isNetworkController())) {
                    found.add(describe(PciFunction.of(device.address()), group));
                }
            }
        }
        if (json) {
            out().println(Json.write(Map.of("devices", found)));
        } else {
            found.forEach(device -> out().println(line(device)));
            if (found.isEmpty()) {
                out().println("no network controller is in an IOMMU group: see annulet doctor");
            }
        }
        out().flush();
        return 0;
    }

    private static Map<String, Object> describe(PciFunction function, IommuGroups.Group group) {
        Map<String, Object> device = new LinkedHashMap<>();
        device.put("address", function.address());
        device.put("id", function.identity());
        device.put("group", group.number());
        device.put("groupDevices", group.devices().size());
        device.put("driver", function.driver());
        device.put("reset", function.resetMethods());
        device.put("annuletDriver", NicDrivers.nameFor(function.identity()).orElse(null));
        device.put("refusal", refusal(function));
        return device;
    }

    /** Why a port could not open it now; empty if nothing is in the way. */
    private static String refusal(PciFunction function) {
        if (NicDrivers.nameFor(function.identity()).isEmpty()) {
            return "Annulet has no driver for " + function.identity();
        }
        return function.refusal().map(VfioException::getMessage).orElse("");
    }

    private static String line(Map<String, Object> device) {
        Object refusal = device.get("refusal");
        return String.format(
                "%s  %s  group %s of %s  driver %s  reset %s%n    %s",
                device.get("address"),
                device.get("id"),
                device.get("group"),
                device.get("groupDevices"),
                device.get("driver") == null ? "none" : device.get("driver"),
                "".equals(device.get("reset")) ? "none" : device.get("reset"),
                "".equals(refusal) ? "ready" : refusal);
    }

    @Command(name = "bind", description = "Takes devices from their drivers and gives them to user space.")
    int bind(@Parameters(paramLabel = "ADDRESS", arity = "1..*") List<String> addresses) {
        for (String address : addresses) {
            PciFunction.of(address).bind();
            out().println(address + " is free for Annulet");
        }
        out().flush();
        return 0;
    }

    @Command(name = "unbind", description = "Gives devices back to the kernel, which finds their own drivers.")
    int unbind(@Parameters(paramLabel = "ADDRESS", arity = "1..*") List<String> addresses) {
        for (String address : addresses) {
            PciFunction function = PciFunction.of(address);
            function.unbind();
            String driver = function.driver();
            out().println(address + (driver == null ? " has no driver" : " has the driver " + driver));
        }
        out().flush();
        return 0;
    }

    @Command(name = "info", description = "Tells all about a device; one that is bound and free is opened and reset.")
    int info(@Parameters(paramLabel = "ADDRESS") String address) {
        DeviceReport.print(PciFunction.of(address), out());
        out().flush();
        return 0;
    }
}
