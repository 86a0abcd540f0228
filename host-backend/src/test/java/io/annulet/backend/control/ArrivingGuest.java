package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.annulet.guest.DriverVring;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.GuestRam;
import io.annulet.guest.Message;
import io.annulet.guest.MigrationMessages;
import io.annulet.guest.NetDriver;
import io.annulet.guest.Payloads;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UserFaults;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.PackedPosition;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A guest that arrives by post-copy: its driver has prepared its rings elsewhere, none of its pages is here, and its front-end
 * brings those that are asked for; played by the test. Its driver must touch nothing before its pages are here.
 */
final class ArrivingGuest implements AutoCloseable {

    static final int PAGE = 4096;
    private static final QueueOptions QUEUES = QueueOptions.DEFAULTS.withRingSize(64);

    private final Arena arena = Arena.ofShared();
    private final GuestRam ram = GuestRam.create(RamOptions.regions(2, NetDriver.ramByteLength(QUEUES, 1), 0));
    private final MemorySegment[] pages = new MemorySegment[ram.regions().size()];
    private final long[] bases = new long[ram.regions().size()];
    private final Set<Long> withheld = new HashSet<>();
    private final long features;
    final NetDriver driver = new NetDriver(ram, QUEUES, 1);
    final VhostUserFrontEnd frontEnd;
    final MigrationMessages migration;
    private @Nullable UserFaults faults;
    private boolean sawWithheld;

    ArrivingGuest(Path socket, long features) {
        frontEnd = TestBackend.connect(socket);
        migration = new MigrationMessages(frontEnd);
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures());
        this.features = features & frontEnd.getFeatures();
        frontEnd.setFeatures(this.features);
        driver.start(this.features);
    }

    ArrivingGuest(Path socket) {
        this(socket, GuestOptions.LINUX_FEATURES);
    }

    List<RamRegion> regions() {
        return ram.regions();
    }

    /** What is in memory now stays where the guest came from. */
    void depart() {
        for (int i = 0; i < pages.length; i++) {
            RamRegion region = ram.regions().get(i);
            pages[i] = arena.allocate(region.byteLength(), PAGE);
            HostMemory.copy(region.hostAddress(), HostMemory.addressOf(pages[i]), region.byteLength());
            FileDescriptors.punchHole(region.file(), region.fileOffset(), region.byteLength());
        }
    }

    void adviseAndListen() {
        faults = UserFaults.adopt(migration.postcopyAdvise());
        migration.postcopyListen();
    }

    /** Tells of memory in one message, and reads where its faults will be raised. */
    void tellTable() {
        frontEnd.send(
                VhostUserRequest.SET_MEM_TABLE.id(),
                MessageLayout.VERSION,
                Payloads.memoryTable(ram.regions()),
                ram.regions().stream().map(RamRegion::file).toArray(Fd[]::new));
        ByteBuffer told = answer(VhostUserRequest.SET_MEM_TABLE);
        assertEquals(bases.length, told.getInt(MessageLayout.TABLE_COUNT));
        for (int i = 0; i < bases.length; i++) {
            bases[i] = base(told, MessageLayout.TABLE_REGIONS + i * MessageLayout.REGION_BYTES, i);
        }
    }

    /** Likewise in one message for each region, as QEMU does. */
    void tellRegions() {
        for (int i = 0; i < bases.length; i++) {
            RamRegion region = ram.regions().get(i);
            frontEnd.send(
                    VhostUserRequest.ADD_MEM_REG.id(),
                    MessageLayout.VERSION,
                    Payloads.singleRegion(region),
                    region.file());
            bases[i] = base(answer(VhostUserRequest.ADD_MEM_REG), MessageLayout.SINGLE_REGION, i);
        }
    }

    private ByteBuffer answer(VhostUserRequest request) {
        try (Message reply = frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
            assertNotNull(reply, () -> request + " is answered");
            assertEquals(request.id(), reply.request());
            ByteBuffer payload = reply.payload();
            byte[] copy = new byte[payload.remaining()];
            payload.get(copy);
            return ByteBuffer.wrap(copy).order(payload.order());
        }
    }

    private long base(ByteBuffer told, int at, int region) {
        assertEquals(ram.regions().get(region).guestAddress(), told.getLong(at + MessageLayout.REGION_GUEST_ADDRESS));
        assertEquals(ram.regions().get(region).byteLength(), told.getLong(at + MessageLayout.REGION_SIZE));
        return told.getLong(at + MessageLayout.REGION_USER_ADDRESS);
    }

    void acknowledge(VhostUserRequest request, byte[] payload) {
        frontEnd.send(request.id(), MessageLayout.VERSION, payload);
    }

    void startRings() {
        boolean packed = (features & VirtioFeature.RING_PACKED) != 0;
        int base = packed ? PackedPosition.START | PackedPosition.START << 16 : QUEUES.baseIndex();
        for (DriverVring vring : driver.vrings()) {
            frontEnd.setVringNum(vring.index(), vring.ring().size());
            frontEnd.setVringBase(vring.index(), base);
            frontEnd.setVringAddress(vring.index(), vring.ring());
            frontEnd.setVringCall(vring.index(), vring.callFd().fd());
            frontEnd.setVringKick(vring.index(), vring.kickFd().fd());
            frontEnd.setVringEnable(vring.index(), true);
        }
    }

    /** All the way to rings that run. */
    void arrive(boolean table) {
        depart();
        adviseAndListen();
        if (table) {
            tellTable();
            acknowledge(VhostUserRequest.SET_MEM_TABLE, Payloads.nothing());
        } else {
            tellRegions();
            acknowledge(VhostUserRequest.ADD_MEM_REG, Payloads.u64(0));
        }
        startRings();
    }

    /** The page of an address of this process is never brought. */
    void withhold(long hostAddress) {
        withheld.add(ram.guestAddressOf(hostAddress) & -PAGE);
    }

    /** Whether a page was asked for that is never brought. */
    boolean sawWithheld() {
        return sawWithheld;
    }

    /** Brings what is waited for; returns how many pages that were. */
    int bring() {
        UserFaults told = faults;
        int brought = 0;
        for (long at = told == null ? UserFaults.NONE : told.nextFault();
                told != null && at != UserFaults.NONE;
                at = told.nextFault()) {
            for (int i = 0; i < bases.length; i++) {
                long offset = at - bases[i] & -PAGE;
                if (Long.compareUnsigned(at - bases[i], ram.regions().get(i).byteLength()) < 0) {
                    brought += bring(told, i, offset) ? 1 : 0;
                }
            }
        }
        return brought;
    }

    private boolean bring(UserFaults told, int region, long offset) {
        if (withheld.contains(ram.regions().get(region).guestAddress() + offset)) {
            sawWithheld = true;
            return false;
        }
        try {
            told.copy(bases[region] + offset, pages[region].asSlice(offset, PAGE));
            return true;
        } catch (LinuxException e) {
            assertEquals(Errno.EEXIST, e.errno(), e.getMessage());
            told.wake(bases[region] + offset, PAGE);
            return false;
        }
    }

    /** Brings all that nobody asked for, the last page first. */
    void bringRest() {
        UserFaults told = faults;
        for (int i = bases.length - 1; told != null && i >= 0; i--) {
            for (long offset = ram.regions().get(i).byteLength() - PAGE; offset >= 0; offset -= PAGE) {
                bring(told, i, offset);
            }
        }
    }

    @Override
    public void close() {
        frontEnd.close();
        if (faults != null) {
            faults.close();
        }
        driver.close();
        ram.close();
        arena.close();
    }
}
