package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Canary;
import io.annulet.journey.GuardedMemory;
import io.annulet.journey.Holdings;
import io.annulet.journey.PacedTraffic;
import io.annulet.journey.Pause;
import io.annulet.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where hostile front-ends are let loose: a back-end with a port for the villain, a bystander on the same switch, and a
 * canary pair on a link of its own, all on one worker unless told otherwise. Used by one thread.
 */
final class Yard implements AutoCloseable {

    static final String VILLAIN = "villain";
    static final String BYSTANDER = "bystander";

    /** A second port for villains, with seal=require and a configuration space; only of a yard for trials. */
    static final String SEALED = "sealed";

    /** A third one, whose control queue is the back-end's; likewise. */
    static final String GENERIC = "generic";

    /** A fourth one, for guests that have an IOMMU; likewise. */
    static final String TRANSLATED = "translated";

    private static final long IDLE_LOOK_NANOS = 300_000_000;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** As many as a port may log in a second, the workers' own line, and some for the start. */
    private static final int LINES_A_SECOND = 11;

    private static final int LINES_OF_START = 100;

    /** Of the back-end's log, in a failure. */
    private static final int LAST_LINES = 20;

    private final long startNanos = System.nanoTime();
    private final BackendProcess backend;
    private final Canary canary;
    private final SimulatedGuest bystander;
    private final GuardedMemory bystanderMemory;
    private final Holdings before;
    private long nativeBytesAtFirst = -1;
    private int nextMac = 0x1000; // away from those of villains and of their proofs

    private Yard(BackendProcess backend, Canary canary, SimulatedGuest bystander) {
        this.backend = backend;
        this.canary = canary;
        this.bystander = bystander;
        this.bystanderMemory = GuardedMemory.in(bystander.ram());
        // What a back-end makes once is made before anything is counted.
        useThePort(GuestOptions.DEFAULTS);
        this.before = backend.settledHoldings(3);
    }

    /** @param options for the villain's port, such as "seal=require" */
    static Yard open(Path folder, String... options) {
        return open(folder, 1, options);
    }

    /** As above, with so many workers for the switch, and as many for the canary's link. */
    static Yard open(Path folder, int workersOfEach, String... options) {
        List<String> arguments = arguments(folder, options);
        arguments.addAll(List.of("--workers", String.valueOf(workersOfEach == 1 ? 1 : 2 * workersOfEach)));
        return open(BackendProcess.start(folder, arguments.toArray(String[]::new)));
    }

    /** A yard for {@link Trial}s: one worker, a villain's port with all that can be set, and one that wants seals. */
    static Yard openForTrials(Path folder) {
        List<String> arguments = arguments(folder, "queues=2", "mtu=1500");
        arguments.addAll(
                List.of("--port", BackendProcess.guestPort(folder, SEALED, "seal=require", "profile=generic")));
        arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, GENERIC, "profile=generic", "queues=2")));
        arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, TRANSLATED, "iommu=on")));
        return open(BackendProcess.startWatched(folder, arguments.toArray(String[]::new)));
    }

    private static List<String> arguments(Path folder, String... options) {
        List<String> arguments = new ArrayList<>(List.of("--link", Canary.ONE + "=" + Canary.OTHER));
        arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, VILLAIN, options)));
        for (String name : List.of(BYSTANDER, Canary.ONE, Canary.OTHER)) {
            arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, name)));
        }
        return arguments;
    }

    private static Yard open(BackendProcess backend) {
        Canary canary = null;
        SimulatedGuest bystander = null;
        Yard yard = null;
        try {
            canary = Canary.start(backend);
            bystander =
                    SimulatedGuest.connect(backend.socket(BYSTANDER), GuardedMemory.withRoom(GuestOptions.DEFAULTS));
            yard = new Yard(backend, canary, bystander);
            return yard;
        } finally {
            if (yard == null) {
                close(bystander, canary, backend);
            }
        }
    }

    private static void close(@Nullable AutoCloseable... parts) {
        for (@Nullable AutoCloseable part : parts) {
            try {
                if (part != null) {
                    part.close();
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    BackendProcess backend() {
        return backend;
    }

    SimulatedGuest bystander() {
        return bystander;
    }

    Canary canary() {
        return canary;
    }

    VhostUserFrontEnd connect() {
        return connect(VILLAIN);
    }

    VhostUserFrontEnd connect(String port) {
        return VhostUserFrontEnd.connect(backend.socket(port), LIMIT.toNanos());
    }

    SimulatedGuest attach(GuestOptions options) {
        return SimulatedGuest.connect(backend.socket(VILLAIN), options);
    }

    /** An honest guest attaches at the villain's port and exchanges frames with the bystander. */
    void useThePort(GuestOptions options) {
        try (SimulatedGuest honest = attach(options)) {
            exchange(honest, 30);
        }
    }

    void exchange(SimulatedGuest honest, int frames) {
        drainBystander();
        PacedTraffic traffic = new PacedTraffic(
                honest, PacedTraffic.mac(nextMac++), bystander, PacedTraffic.mac(nextMac++), PacedTraffic.WINDOW);
        try {
            traffic.exchange(frames, number -> 60 + number * 37 % 1455, LIMIT);
        } catch (AssertionError failed) {
            throw new AssertionError(failed.getMessage() + "\n" + whatTheBackendSays(), failed);
        }
    }

    private String whatTheBackendSays() {
        StringBuilder text = new StringBuilder();
        backend.counters()
                .ports()
                .forEach((port, values) -> values.forEach((name, value) -> {
                    if (value != 0) {
                        text.append(port)
                                .append(' ')
                                .append(name)
                                .append(' ')
                                .append(value)
                                .append('\n');
                    }
                }));
        List<String> lines = backend.log().lines().toList();
        lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size())
                .forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    /** Takes what others have flooded to it. */
    int drainBystander() {
        return bystander.receiveQueue(0).receive(frame -> {}, 1024);
    }

    /** Waits until a frame comes out at the bystander's, every byte as it was sent; returns its virtio-net header. */
    byte[] awaitAtBystander(byte[] frame) {
        byte[][] header = new byte[1][];
        Pause.until("the bystander gets a frame of " + frame.length + " bytes", Trial.LIMIT, () -> {
            bystander
                    .receiveQueue(0)
                    .receive(
                            got -> {
                                if (Arrays.equals(frame, got.toByteArray())) {
                                    header[0] = HostMemory.copyOut(got.headerAddress(), Frames.HEADER_BYTES);
                                }
                            },
                            1024);
            return header[0] != null;
        });
        return header[0];
    }

    /** Takes what has come to the bystander, as bytes. */
    void onFramesAtBystander(Consumer<byte[]> handler) {
        bystander.receiveQueue(0).receive(got -> handler.accept(got.toByteArray()), 1024);
    }

    /** The back-end uses no more of a processor than it does with nobody but the canary. */
    void assertIdle() {
        canary.rest();
        try {
            Pause.until("the back-end is idle", Trial.LIMIT, () -> {
                long before = backend.processorNanos();
                long startNanos = System.nanoTime();
                LockSupport.parkNanos(IDLE_LOOK_NANOS);
                long used = backend.processorNanos() - before;
                return used * 20 <= System.nanoTime() - startNanos;
            });
        } finally {
            canary.goOn();
        }
    }

    void sendFromBystander(byte[] frame) {
        DriverTransmitQueue queue = bystander.transmitQueue(0);
        await("the bystander can send", () -> {
            long address = queue.reserve();
            if (address == 0) {
                return -1;
            }
            HostMemory.copyIn(MemorySegment.ofArray(frame), address);
            queue.submit(frame.length);
            queue.flush();
            return 0;
        });
    }

    /** Waits for an answer that is not negative. */
    int await(String what, IntSupplier question) {
        int[] answer = new int[1];
        Pause.until(what, Trial.LIMIT, () -> (answer[0] = question.getAsInt()) >= 0);
        return answer[0];
    }

    /** Native memory of the back-end when this was asked first. */
    long nativeBytesAtFirst() {
        if (nativeBytesAtFirst < 0) {
            nativeBytesAtFirst = backend.nativeMemoryBytes();
        }
        return nativeBytesAtFirst;
    }

    /** Lets some time pass, by the canary's clock. */
    void awaitCanary() {
        canary.awaitFrames(2 * PacedTraffic.WINDOW);
    }

    /** That the process lives, holds no more than before, was not talkative, and that nobody else noticed anything. */
    void assertUnharmed() {
        assertNobodyElseNoticed();
        long seconds = (System.nanoTime() - startNanos) / 1_000_000_000;
        long lines = backend.log().lines().count();
        assertTrue(lines <= LINES_OF_START + LINES_A_SECOND * seconds, () -> lines + " lines in " + seconds + " s");
    }

    /** That it is the same process, that the port can be used again, that nothing is left, and that all others are well. */
    void assertNobodyElseNoticed() {
        backend.assertAlive();
        useThePort(GuestOptions.DEFAULTS);
        Holdings.awaitSame(before, backend.pid(), LIMIT);
        canary.assertUnharmed();
        bystanderMemory.assertIntact();
    }

    @Override
    public void close() {
        close(bystander, canary, backend);
    }
}
