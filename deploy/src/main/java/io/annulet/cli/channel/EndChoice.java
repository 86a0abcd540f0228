package io.annulet.cli.channel;

import io.annulet.channel.ChannelOptions;
import io.annulet.channel.ChannelOptions.Role;
import io.annulet.channel.GenerationWatch;
import io.annulet.channel.Identity;
import io.annulet.channel.PeerKey;
import io.annulet.channel.SealedChannel;
import io.annulet.channel.Secret;
import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that every end of a channel takes. */
final class EndChoice {

    @Option(names = "--key", required = true, paramLabel = "FILE", description = "This end's private key.")
    private Path key;

    @Option(
            names = "--peer",
            required = true,
            paramLabel = "KEY",
            description = "The public key of who may be at the other end; who waits may name several.")
    private List<String> peers = List.of();

    @Option(names = "--device", paramLabel = "DEVICE", description = "The channel's memory (default: pci).")
    private String device = "pci";

    @Option(names = "--psk", paramLabel = "FILE", description = "32 bytes in base 64 that both ends know besides.")
    private @Nullable Path preShared;

    @Option(names = "--hybrid", description = "ML-KEM-768 beside X25519 in the handshake; at both ends or none.")
    private boolean hybrid;

    @Option(names = "--pad", paramLabel = "BYTES", description = "Records have a multiple of so many bytes.")
    private int padding = 1;

    ChannelDevice openDevice() {
        return ChannelDevice.open(device);
    }

    /** An end, whose role follows from the keys if it is not given. */
    SealedChannel open(ChannelDevice memory, @Nullable Role role, PrintWriter err) throws IOException {
        try {
            Identity identity = Identity.read(key);
            List<PeerKey> allowed = peers.stream().map(PeerKey::parse).toList();
            Role chosen = role == null ? ChannelOptions.roleByKeys(identity, allowed.getFirst()) : role;
            ChannelOptions options = ChannelOptions.of(identity, chosen, allowed.toArray(PeerKey[]::new))
                    .withPreSharedKey(readPreShared())
                    .withHybrid(hybrid)
                    .withPadding(padding);
            SealedChannel channel = new SealedChannel(memory.layout(), options, memory.doorbell());
            if (!channel.isFreshFromHardware()) {
                err.println(
                        "note: this processor has no RDRAND; if this machine is cloned or set back to a snapshot while"
                                + " the channel is up, what was sent may be read");
            }
            err.println("this end is " + identity.publicKey().fingerprint());
            err.flush();
            return channel;
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()), "see annulet channel --help", e);
        }
    }

    /** Has it handshake anew whenever the machine tells that it is a copy, before it sends anything more. */
    static GenerationWatch watch(SealedChannel channel, PrintWriter err) {
        return GenerationWatch.start(() -> {
            channel.renewSoon();
            err.println("this machine was copied or set back; a new handshake follows");
            err.flush();
        });
    }

    private @Nullable Secret readPreShared() throws IOException {
        return preShared == null
                ? null
                : new Secret(
                        Base64.getDecoder().decode(Files.readString(preShared).strip()));
    }
}
