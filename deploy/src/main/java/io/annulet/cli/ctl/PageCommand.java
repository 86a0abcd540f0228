package io.annulet.cli.ctl;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code annulet ctl page}: the back-end's page for a browser on this machine. */
@Command(
        name = "page",
        description = "Shows the back-end's page to a browser on this machine, until it is interrupted.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "The address that is printed is good for one browser, once: what was opened stays open, and the address is of no",
            "use to whoever sees it later. The page looks and changes nothing. From another machine:",
            "",
            "  ssh -L 8080:127.0.0.1:8080 HOST annulet ctl page --port 8080"
        })
final class PageCommand implements Callable<Integer> {

    @Option(names = "--port", paramLabel = "N", description = "The port on loopback (default: any that is free).")
    private int port;

    @ParentCommand
    private CtlCommand ctl;

    @Override
    public Integer call() throws InterruptedException {
        try (PageServer server = PageServer.start(ctl.client(), port)) {
            ctl.print(server.address());
            new CountDownLatch(1).await();
            return 0;
        }
    }
}
