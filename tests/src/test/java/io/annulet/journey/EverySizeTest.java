package io.annulet.journey;

import io.annulet.guest.Framing;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Frames of every size from the shortest to the longest of Ethernet, and jumbo frames, both ways through one process. */
@Timeout(120)
final class EverySizeTest {

    private static final int SHORTEST = 60;
    private static final int LONGEST = 1518;
    private static final int SIZES = LONGEST - SHORTEST + 1;
    private static final int JUMBO = 9018;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private static Stream<Arguments> guests() {
        GuestOptions linux = GuestOptions.DEFAULTS;
        return Stream.of(
                Arguments.of("mergeable buffers", linux),
                Arguments.of("a buffer for each frame", linux.without(VirtioFeature.NET_MRG_RXBUF)),
                Arguments.of(
                        "buffers that a frame needs several of",
                        linux.withQueues(QueueOptions.DEFAULTS.withReceiveBuffers(256, Framing.ONE_DESCRIPTOR))),
                Arguments.of(
                        "frames in pieces, the header apart",
                        linux.withQueues(QueueOptions.DEFAULTS
                                .withTransmitFraming(new Framing(true, 3, false))
                                .withReceiveBuffers(2048, new Framing(true, 2, false)))),
                Arguments.of(
                        "indirect tables",
                        linux.withQueues(QueueOptions.DEFAULTS
                                .withTransmitFraming(new Framing(true, 2, true))
                                .withReceiveBuffers(2048, new Framing(false, 2, true)))),
                Arguments.of("packed rings", linux.withFeatures(linux.features() | VirtioFeature.RING_PACKED)),
                Arguments.of(
                        "neither event indexes nor a protocol feature",
                        linux.without(VirtioFeature.EVENT_IDX | VirtioFeature.PROTOCOL_FEATURES)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("guests")
    void everySizeOfEthernetPassesUnchangedBothWays(String name, GuestOptions options) {
        exchange(options, 2 * SIZES, number -> SHORTEST + number % SIZES);
    }

    @ParameterizedTest(name = "{0} byte buffers")
    @MethodSource("jumboBuffers")
    void jumboFramesPassUnchangedBothWays(int bufferByteLength, long lacking) {
        QueueOptions queues = QueueOptions.DEFAULTS
                .withMaxFrameByteLength(JUMBO)
                .withReceiveBuffers(bufferByteLength, Framing.ONE_DESCRIPTOR);
        exchange(GuestOptions.DEFAULTS.without(lacking).withQueues(queues), 500, number -> switch (number % 3) {
            case 0 -> JUMBO;
            case 1 -> 9000;
            default -> LONGEST + number;
        });
    }

    private static Stream<Arguments> jumboBuffers() {
        return Stream.of(
                Arguments.of(1526, 0L), Arguments.of(4096, 0L), Arguments.of(16_384, VirtioFeature.NET_MRG_RXBUF));
    }

    private void exchange(GuestOptions options, int frames, IntUnaryOperator byteLengths) {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b");
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            PacedTraffic traffic =
                    new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW);
            traffic.exchange(frames, byteLengths, LIMIT);
        }
    }
}
