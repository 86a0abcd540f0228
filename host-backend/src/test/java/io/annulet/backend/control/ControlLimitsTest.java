package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamRegion;
import io.annulet.linux.Fd;
import io.annulet.memory.GuestMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import io.annulet.vhostuser.VhostUserRequest;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Each limit of the control plane, at it and one past it; those of descriptors and log lines have tests of their own. */
final class ControlLimitsTest extends ControlTest {

    private static final long PAGE = 4096;
    private static final ControlLimits DEFAULTS = ControlLimits.DEFAULTS;

    @Test
    void limitsThatMakeNoSenseAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withDescriptors(0));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withDescriptors(DEFAULTS.descriptors() + 1));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withRegions(0));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withRegions(GuestMemory.MAX_REGIONS + 1));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withMemoryBytes(0));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withMemoryBytes(DEFAULTS.memoryBytes() + 1));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withLogLinesASecond(0));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withPatience(0, 1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withPauses(2, 1));
    }

    private static RamRegion page(Fd file, int number) {
        long at = (1L << 40) + number * 2L * PAGE;
        return new RamRegion(file, 0, at, at, PAGE, 0);
    }

    @Test
    void aSessionHasOnlySoManyRegions() {
        GuestEndpoint port = backend.open(options("few"), DEFAULTS.withRegions(2));
        try (TestSession session = TestSession.negotiated(backend, port)) {
            Fd file = session.ram.regions().getFirst().file();
            assertEquals(2, session.frontEnd.getMaxMemSlots());
            session.frontEnd.addMemRegion(page(file, 0));
            session.frontEnd.addMemRegion(page(file, 1));
            byte[] third = Payloads.singleRegion(page(file, 2));
            session.assertRefuses(VhostUserRequest.ADD_MEM_REG, third, file);
            session.frontEnd.removeMemRegion(page(file, 0));
            session.assertAccepts(VhostUserRequest.ADD_MEM_REG, third, file);
            List<RamRegion> three = List.of(page(file, 0), page(file, 1), page(file, 2));
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, Payloads.memoryTable(three), file, file, file);
            session.assertAccepts(
                    VhostUserRequest.SET_MEM_TABLE, Payloads.memoryTable(three.subList(0, 2)), file, file);
        }
    }

    @Test
    void aSessionHasOnlySoMuchMemory() {
        GuestEndpoint port = backend.open(options("small"), DEFAULTS.withMemoryBytes(2 * TestSession.RAM_BYTES));
        try (TestSession session = TestSession.negotiated(backend, port)) {
            List<RamRegion> regions = new ArrayList<>(session.ram.regions());
            Fd file = regions.getFirst().file();
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, Payloads.memoryTable(regions), file, file);
            byte[] more = Payloads.singleRegion(page(file, 0));
            session.assertRefuses(VhostUserRequest.ADD_MEM_REG, more, file);
            regions.add(page(file, 0));
            session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, Payloads.memoryTable(regions), file, file, file);
            regions.removeFirst();
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, Payloads.memoryTable(regions), file, file);
        }
    }

    /** The one that needs most: a table of as many regions as there can be in a message. */
    @Test
    void aMessageAllocatesOnlySoMuchHeap() {
        long controlThread = onControlThread();
        try (TestSession session = negotiated()) {
            Fd file = session.ram.regions().getFirst().file();
            List<RamRegion> regions = new ArrayList<>();
            Fd[] files = new Fd[MessageLayout.TABLE_MAX_REGIONS];
            for (int i = 0; i < files.length; i++) {
                regions.add(page(file, i));
                files[i] = file;
            }
            byte[] table = Payloads.memoryTable(regions);
            byte[] longest = new byte[Payload.MAX_BYTES];
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table, files);
            long most = 0;
            for (int i = 0; i < 20; i++) {
                long before = allocated(controlThread);
                session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table, files);
                session.frontEnd.send(77, MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY, longest);
                try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                    assertNotNull(reply);
                }
                most = Math.max(most, allocated(controlThread) - before);
            }
            long measured = most;
            assertTrue(measured > 0, "nothing was measured");
            assertTrue(measured <= 2L * DEFAULTS.messageHeapBytes(), () -> measured + " bytes for two messages");
        }
    }

    private static long allocated(long thread) {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getThreadAllocatedBytes(thread);
    }

    private static long onControlThread() {
        CompletableFuture<Long> id = new CompletableFuture<>();
        backend.loop.execute(() -> id.complete(Thread.currentThread().threadId()));
        return id.join();
    }

    // What the process has, for all ports.

    private VhostUserOptions port(int pairs) {
        return options("p").withQueuePairs(pairs);
    }

    @Test
    void aPortGetsAllThatItsFrontEndCouldUseWhereThereIsEnough() {
        ControlLimits limits = new PortBudget(100_000, 65_530, 2).take(port(1));
        assertEquals(PortBudget.mostDescriptors(2), limits.descriptors());
        assertEquals(GuestMemory.MAX_REGIONS, limits.regions());
    }

    @Test
    void whereThereIsNotPortsGetEqualParts() {
        int each = 60;
        int ports = 4;
        PortBudget budget = new PortBudget(
                PortBudget.OWN_DESCRIPTORS + (long) each * (ports + PortBudget.SPARE_PORTS), 65_530, ports);
        for (int i = 0; i < ports + PortBudget.SPARE_PORTS; i++) {
            assertEquals(each, budget.take(port(1)).descriptors());
        }
        assertThrows(IllegalArgumentException.class, () -> budget.take(port(1)));
    }

    @Test
    void aPortIsRefusedWithWhatToDoIfNoDescriptorsAreLeftForIt() {
        int fewest = 8 + 3 * 2 + 3;
        PortBudget budget = new PortBudget(PortBudget.OWN_DESCRIPTORS + fewest + fewest - 1, 65_530, 1);
        ControlLimits taken = budget.take(port(1));
        assertEquals(fewest, taken.descriptors());
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> budget.take(port(1)));
        assertTrue(String.valueOf(refused.getMessage()).contains("ulimit -n"), refused::getMessage);
        budget.giveBack(taken);
        assertEquals(fewest, budget.take(port(1)).descriptors());
    }

    @Test
    void mappingsAreSharedOutToo() {
        PortBudget budget = new PortBudget(100_000, PortBudget.OWN_MAPPINGS + 8 + 7, 1);
        assertEquals(8, budget.take(port(1)).regions());
        assertThrows(IllegalArgumentException.class, () -> budget.take(port(1)));
    }
}
