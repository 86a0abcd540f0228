package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamRegion;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Canary;
import io.annulet.journey.MemoryGroup;
import io.annulet.journey.PacedTraffic;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import io.annulet.vhostuser.VhostUserRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * M02, M11, M13: what the process itself has is used up, of descriptors, heap and memory, each in a process of its own. The
 * canary sings beside it, another guest can come at any time, and the process is the same at the end.
 */
@Tag("slow")
@Timeout(240)
final class ProcessLimitsCasesTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final long LIMIT_NANOS = LIMIT.toNanos();
    private static final long PAGE = 4096;
    private static final long HOLE_BYTES = 32L << 20;
    private static final long HOLE_AT = 1L << 40;

    /** More than a JVM of this size takes while it runs, and the holes; much less than what the guest would like. */
    private static final long GROUP_BYTES = 512L << 20;

    private static final String BYSTANDER = "bystander";
    private static final String VILLAIN = "villain";

    @TempDir
    private Path folder;

    private String[] ports(String villainsOptions) {
        List<String> arguments = new ArrayList<>(List.of("--link", Canary.ONE + "=" + Canary.OTHER));
        for (String name : List.of(Canary.ONE, Canary.OTHER, BYSTANDER)) {
            arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, name)));
        }
        arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, VILLAIN) + villainsOptions));
        return arguments.toArray(String[]::new);
    }

    /** Another guest comes, and one at the villain's port, and they exchange frames. */
    private void assertOthersCanCome(BackendProcess backend) {
        try (SimulatedGuest one = SimulatedGuest.connect(backend.socket(BYSTANDER), GuestOptions.DEFAULTS);
                SimulatedGuest other = SimulatedGuest.connect(backend.socket(VILLAIN), GuestOptions.DEFAULTS)) {
            new PacedTraffic(one, PacedTraffic.mac(1), other, PacedTraffic.mac(2), PacedTraffic.WINDOW)
                    .exchange(50, number -> 60 + number, LIMIT);
        }
    }

    private static long openDescriptors(BackendProcess backend) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(backend.pid()), "fd"))) {
            return all.count();
        }
    }

    /** The process may have 400 descriptors; its front-end sends as many as it can, one and many at a time. */
    @Test
    void M02_whoSendsDescriptorsWithoutEndUsesUpItsOwnPartOnly() throws IOException {
        try (BackendProcess backend =
                        BackendProcess.startBy(List.of("prlimit", "--nofile=400:400"), folder, ports(""));
                Canary canary = Canary.start(backend);
                Fd file = Memfd.create("guest-ram", 4096, true)) {
            long before = openDescriptors(backend);
            try (VhostUserFrontEnd villain = VhostUserFrontEnd.connect(backend.socket(VILLAIN), LIMIT_NANOS)) {
                villain.setProtocolFeatures(villain.getProtocolFeatures() & GuestOptions.QEMU_PROTOCOL_FEATURES);
                villain.setFeatures(villain.getFeatures());
                int accepted = 0;
                for (int i = 0; i < 500; i++) {
                    long at = (1L << 40) + i * 8192L;
                    byte[] region = Payloads.singleRegion(new RamRegion(file, 0, at, at, 4096, 0));
                    accepted += villain.status(VhostUserRequest.ADD_MEM_REG, region, file) == 0 ? 1 : 0;
                }
                assertTrue(accepted >= 8 && accepted < 100, accepted + " regions");
                long held = openDescriptors(backend) - before;
                assertTrue(held <= accepted + 10, held + " descriptors for " + accepted + " regions");
                try (SimulatedGuest other = SimulatedGuest.connect(backend.socket(BYSTANDER), GuestOptions.DEFAULTS)) {
                    assertTrue(other.features() != 0, "another front-end is served meanwhile");
                }
            }
            flood(backend, file);
            canary.assertUnharmed();
            assertOthersCanCome(backend);
            backend.assertAlive();
        }
    }

    /** Two hundred at once, again and again; whatever becomes of these sessions. */
    private static void flood(BackendProcess backend, Fd file) {
        Fd[] many = new Fd[200];
        Arrays.fill(many, file);
        for (int i = 0; i < 50; i++) {
            try (VhostUserFrontEnd villain = VhostUserFrontEnd.connect(backend.socket(VILLAIN), LIMIT_NANOS)) {
                for (int k = 0; k < 4; k++) {
                    villain.sendBytes(new byte[12], many);
                }
            } catch (FrontEndException thrownOut) {
                // As it should be.
            }
        }
    }

    /**
     * Pages that this process touches first are charged to it, and a guest may share a hundred gigabytes of holes. A port that
     * serves 40 MiB at most refuses that; of what it serves, all may be holes, and every page is written here.
     */
    @Test
    @Tag("root")
    void M13_holesOfAGuestDoNotUseUpTheMemoryOfTheProcess() {
        MemoryGroup.obstacle().ifPresent(why -> assumeTrue(false, why));
        try (MemoryGroup group = MemoryGroup.create(GROUP_BYTES);
                Yard yard = Yard.open(folder, "max-memory=40M");
                Fd holes = Memfd.create("guest-ram", HOLE_BYTES, true);
                Fd endless = Memfd.create("guest-ram", 100L << 30, true)) {
            group.add(yard.backend().pid());
            long before = group.used();
            try (Villain villain = Villain.attach(yard, yard.connect(), VillainOptions.SPLIT)) {
                byte[] region = Payloads.singleRegion(new RamRegion(endless, 0, HOLE_AT, HOLE_AT, 100L << 30, 0));
                assertTrue(villain.frontEnd.status(VhostUserRequest.ADD_MEM_REG, region, endless) != 0);
                villain.frontEnd.addMemRegion(new RamRegion(holes, 0, HOLE_AT, HOLE_AT, HOLE_BYTES, 0));
                int size = VillainOptions.SPLIT.ringSize();
                for (long page = 0; page < HOLE_BYTES / PAGE; page += size) {
                    for (int slot = 0; slot < size; slot++) {
                        villain.receive().offerBuffer(slot, HOLE_AT + (page + slot) * PAGE, 2048, VillainQueue.WRITE);
                    }
                    for (int i = 0; i < size; i++) {
                        yard.sendFromBystander(Frames.toAll(200, i));
                    }
                    villain.receive().awaitUsedIndex((int) (page + size) & 0xffff);
                }
                assertTrue(group.used() - before > HOLE_BYTES / 2, () -> group.used() - before + " bytes were charged");
                villain.leave();
            }
            yard.assertNobodyElseNoticed();
        }
    }

    /** Nothing on the data path allocates: frames flow while nothing can be. Who comes then may have to come again. */
    @Test
    void M11_aHeapThatIsFullEndsNeitherTheProcessNorItsFrames() {
        try (BackendProcess backend = BackendProcess.startHungry(folder, ports(""));
                Canary canary = Canary.start(backend)) {
            assertOthersCanCome(backend);
            backend.fillHeap();
            canary.awaitFrames(500);
            for (int i = 0; i < 3; i++) {
                try (VhostUserFrontEnd villain = VhostUserFrontEnd.connect(backend.socket(VILLAIN), 500_000_000L)) {
                    villain.getFeatures();
                } catch (FrontEndException notNow) {
                    // There is no room for a session.
                }
            }
            canary.awaitFrames(500);
            backend.assertAlive();
            backend.emptyHeap();
            canary.assertUnharmed();
            try {
                assertOthersCanCome(backend);
            } catch (FrontEndException once) {
                // What was ready while nothing could be allocated is told of with its next event.
                assertOthersCanCome(backend);
            }
            assertEquals(
                    1, backend.log().lines().filter("the heap is full"::equals).count());
            backend.end();
        }
    }
}
