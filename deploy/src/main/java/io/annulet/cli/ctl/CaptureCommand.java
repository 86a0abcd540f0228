package io.annulet.cli.ctl;

import io.annulet.backend.capture.CaptureOptions;
import io.annulet.backend.config.CaptureSpec;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code annulet ctl capture}: has the back-end write frames to a file of its own, or takes them as they come. */
@Command(
        name = "capture",
        description = "Begins to write frames to a pcapng file, or shows them live.",
        footer = {
            "",
            "  annulet ctl capture /tmp/dropped.pcapng,port=a,drop=any,limit-frames=1000",
            "  annulet ctl capture port=a --write - | wireshark -k -i -",
            "  ssh HOST annulet ctl capture drop=any --write - | tshark -i -"
        },
        mixinStandardHelpOptions = true)
final class CaptureCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "FILE[,option=value]...",
            arity = "0..1",
            description =
                    "As annulet run --capture takes it; the file is the back-end's. With --write only options, or nothing.")
    private @Nullable String capture;

    @Option(
            names = "--write",
            paramLabel = "FILE",
            description =
                    "Write frames here as they come, to a file of this command or - for standard output, until a limit"
                            + " of the capture or an interrupt.")
    private @Nullable String write;

    @ParentCommand
    private CtlCommand ctl;

    @Override
    public Integer call() throws IOException {
        String spec = capture == null ? "" : capture;
        if (write == null) {
            CaptureOptions _ = ctl.parsed(() -> CaptureSpec.parse(spec));
            ctl.show(HttpMethod.POST, "/v1/captures", Map.of("capture", absolute(spec)), JsonTable::object);
            return 0;
        }
        String live = spec.isEmpty() ? LocalFile.STANDARD_OUTPUT : LocalFile.STANDARD_OUTPUT + "," + spec;
        CaptureOptions _ = ctl.parsed(() -> CaptureSpec.parse(live));
        LocalFile.write(
                write, out -> ctl.client().copy(HttpMethod.POST, "/v1/captures/live", Map.of("capture", live), out));
        return 0;
    }

    /** The back-end may run in another folder. */
    private static String absolute(String capture) {
        int comma = capture.indexOf(',');
        String file = comma < 0 ? capture : capture.substring(0, comma);
        return Path.of(file).toAbsolutePath() + (comma < 0 ? "" : capture.substring(comma));
    }
}
