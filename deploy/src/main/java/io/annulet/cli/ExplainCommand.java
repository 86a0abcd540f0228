package io.annulet.cli;

import io.annulet.backend.BackendOptions;
import io.annulet.backend.Explainer;
import io.annulet.backend.Explanation;
import io.annulet.backend.capture.FrameSource;
import io.annulet.backend.config.LinkSpec;
import io.annulet.backend.config.PortSpec;
import io.annulet.backend.data.FrameTrial.Known;
import io.annulet.backend.data.FrameTrial.Verdict;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.offload.Offload;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet explain}: what the switch would do with a frame, and why. */
@Command(
        name = "explain",
        description = "Tells what a switch or link would do with a frame, and why, without sending it.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "It is decided by the code that workers run, on a switch of its own with the ports that are named. Guests are",
            "taken to have acknowledged all offloads, taps all but UDP fragments, other ports none; --takes says otherwise.",
            "",
            "Status: 0 if some port gets the frame, 1 if it is dropped.",
            "",
            "  annulet explain frames.pcapng --number 7 --from a --port a=vhost-user:/run/a.sock,vlan=10 \\",
            "      --port b=vhost-user:/run/b.sock,trunk=10+20 --port c=tap:annulet0",
            "  annulet explain ffffffffffff5254000000010806... --from a --known 52:54:00:00:00:02=b ..."
        })
final class ExplainCommand implements Callable<Integer> {

    private static final int MAC_BYTES = 6;

    @Parameters(paramLabel = "FRAME", description = "Hexadecimal digits from the Ethernet header on, or a pcap file.")
    private String frame = "";

    @Option(names = "--from", paramLabel = "PORT", required = true, description = "The port that sends the frame.")
    private String from = "";

    @Option(
            names = "--port",
            paramLabel = "NAME=KIND:TARGET[,option=value]...",
            required = true,
            description = "A port, as 'annulet run' has it; nothing is opened.")
    private List<String> ports = List.of();

    @Option(names = "--link", paramLabel = "A=B", description = "A straight link between two ports.")
    private List<String> links = List.of();

    @Option(names = "--number", paramLabel = "N", description = "The frame's number in the file (default: 1).")
    private int number = 1;

    @Option(
            names = "--header",
            paramLabel = "HEX",
            description = "The virtio-net header that it comes with, 12 bytes (default: one that asks for nothing).")
    private @Nullable String header;

    @Option(
            names = "--known",
            paramLabel = "MAC=PORT[/VLAN]",
            description = "Where an address was seen before; else frames to it are flooded.")
    private List<String> known = List.of();

    @Option(
            names = "--takes",
            paramLabel = "PORT=none|csum+tso4+...",
            description = "Offloads that a port takes: csum, valid, tso4, tso6, ecn, ufo, uso4, uso6.")
    private List<String> takes = List.of();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        byte[] bytes;
        BackendOptions options;
        Verdict verdict;
        try {
            bytes = bytes();
            options = new BackendOptions(
                    ports.stream().map(PortSpec::parse).toList(),
                    links.stream().map(LinkSpec::parse).toList(),
                    1,
                    new BitSet(),
                    PollMode.ADAPTIVE,
                    null);
            verdict = Explainer.explain(
                    options,
                    from,
                    header(),
                    bytes,
                    known.stream().map(ExplainCommand::known).toList(),
                    masks());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        Explanation explanation = new Explanation(options, from, bytes, verdict);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(explanation.toMap()));
        } else {
            explanation.lines().forEach(out::println);
        }
        out.flush();
        return explanation.isDelivered() ? 0 : 1;
    }

    private byte[] bytes() {
        String digits = frame.replaceAll("[\\s:.-]", "");
        if (digits.matches("([0-9a-fA-F]{2})+") && !isFile(frame)) {
            return HexFormat.of().parseHex(digits);
        }
        try {
            return FrameSource.read(Path.of(frame), number);
        } catch (IOException e) {
            String why = Files.exists(Path.of(frame)) ? String.valueOf(e.getMessage()) : "it is neither a file nor hex";
            throw new CommandFailure(frame + ": " + why, "give a frame in hexadecimal digits, or a pcap file", e);
        }
    }

    private static boolean isFile(String name) {
        try {
            return Files.exists(Path.of(name));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private byte[] header() {
        if (header == null) {
            byte[] plain = new byte[NetHeader.BYTES];
            plain[NetHeader.BYTES - 2] = 1;
            return plain;
        }
        if (!header.matches("[0-9a-fA-F]{" + 2 * NetHeader.BYTES + "}")) {
            throw new IllegalArgumentException("--header " + header + ": write " + 2 * NetHeader.BYTES + " hex digits");
        }
        return HexFormat.of().parseHex(header);
    }

    private static Known known(String text) {
        String[] parts = text.split("[=/]", -1);
        boolean fits = parts.length >= 2
                && parts.length <= 3
                && parts[0].matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){" + (MAC_BYTES - 1) + "}")
                && (parts.length == 2 || parts[2].matches("[0-9]{1,4}"));
        if (!fits) {
            throw new IllegalArgumentException("--known " + text + ": write MAC=PORT or MAC=PORT/VLAN");
        }
        long mac = HexFormat.fromHexDigitsToLong(parts[0].replace(":", ""));
        return new Known(mac, parts.length == 3 ? Integer.parseInt(parts[2]) : 0, parts[1]);
    }

    private Map<String, Integer> masks() {
        Map<String, Integer> masks = new HashMap<>();
        for (String text : takes) {
            String[] parts = text.split("=", -1);
            if (parts.length != 2) {
                throw new IllegalArgumentException("--takes " + text + ": write PORT=csum+tso4, or PORT=none");
            }
            List<String> names = parts[1].equals("none") ? List.of() : Arrays.asList(parts[1].split("\\+", -1));
            masks.put(parts[0], Offload.parse(names));
        }
        return masks;
    }
}
