package io.annulet.cli.channel;

import io.annulet.channel.Identity;
import io.annulet.channel.PeerKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet channel keygen}: makes an identity. */
@Command(
        name = "keygen",
        description = "Makes a private key in a new file, and prints the public one for the other end's --peer.",
        mixinStandardHelpOptions = true)
final class KeygenCommand implements Callable<Integer> {

    @Parameters(paramLabel = "FILE", description = "Gets the private key; readable for its owner only.")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Identity identity = Identity.create();
        identity.write(file);
        PeerKey key = identity.publicKey();
        PrintWriter out = spec.commandLine().getOut();
        out.println(key);
        out.flush();
        PrintWriter err = spec.commandLine().getErr();
        err.println("fingerprint " + key.fingerprint() + "; private key in " + file);
        err.flush();
        return 0;
    }
}
