package io.annulet.cli.ctl;

import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code annulet ctl save-capture}: copies the file of a capture that has ended from the back-end. */
@Command(
        name = "save-capture",
        description = "Copies the file of a capture that has ended, the last one if it has several.",
        mixinStandardHelpOptions = true)
final class SaveCaptureCommand implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "ID", description = "See annulet ctl captures.")
    private int id;

    @Parameters(index = "1", paramLabel = "FILE", description = "A file of this command, or - for standard output.")
    private String file = LocalFile.STANDARD_OUTPUT;

    @ParentCommand
    private CtlCommand ctl;

    @Override
    public Integer call() throws IOException {
        LocalFile.write(file, out -> ctl.client().copy(HttpMethod.GET, "/v1/captures/" + id + "/file", null, out));
        return 0;
    }
}
