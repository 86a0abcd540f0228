package io.annulet.guest.conform;

import io.annulet.guest.Payloads;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RamOptions.Range;
import io.annulet.guest.RamRegion;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.ArrayList;
import java.util.List;

/** Rules on shared memory: which address means what, how many regions, and changes of the table. */
final class MemoryRules {

    private static final String ACCESS = "Memory access";
    private static final String ADD = "Front-end message types, ADD_MEM_REG";
    private static final String REMOVE = "Front-end message types, REM_MEM_REG";
    private static final String TABLE = "Front-end message types, SET_MEM_TABLE";

    private static final long MIB = 1L << 20;
    private static final long FIRST_BYTES = Setup.USUAL_RAM_BYTES;
    private static final long OTHER_BYTES = 64 * 1024;
    private static final long LOW = 0x1_0000_0000L;
    private static final long HIGH = 0x2_0000_0000L;
    private static final int BUFFER_BYTES = 2048;
    private static final int MANY_SLOTS = 32;

    private MemoryRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-MEM-01",
                        ACCESS,
                        "ring addresses are user addresses and descriptor addresses are guest addresses, even where one"
                                + " read as the other leads into another region",
                        MemoryRules::crossedAddresses),
                rule(
                        "VU-MEM-02",
                        "Memory region description",
                        "a region begins at its offset in the file",
                        trial -> lastOf(trial, Setup.USUAL.withRam(regions(2)))),
                rule(
                        "VU-MEM-03",
                        TABLE,
                        "a memory table of 8 regions with a file each works, buffers in the last",
                        trial -> lastOf(trial, Setup.USUAL.withRam(regions(8).withFileForEachRegion()))),
                rule(
                        "VU-MEM-04",
                        ACCESS,
                        "a buffer to send may span two regions that are neighbours for the guest only",
                        MemoryRules::sendAcrossRegions),
                rule(
                        "VU-MEM-05",
                        ACCESS,
                        "a receive buffer may span two regions that are neighbours for the guest only",
                        MemoryRules::receiveAcrossRegions),
                rule(
                        "VU-MEM-06",
                        ACCESS,
                        "the parts of a ring may lie in different regions",
                        MemoryRules::ringInTwoRegions),
                rule(
                        "VU-MEM-07",
                        ADD,
                        "memory may be told region by region with ADD_MEM_REG",
                        trial -> lastOf(trial, slots(Setup.USUAL.withRam(regions(2))))),
                rule(
                        "VU-MEM-08",
                        "Front-end message types, GET_MAX_MEM_SLOTS",
                        "as many regions can be added as GET_MAX_MEM_SLOTS says, tried up to " + MANY_SLOTS,
                        MemoryRules::manySlots),
                rule("VU-MEM-09", REMOVE, "removing a region leaves the others as they are", MemoryRules::removed),
                rule(
                        "VU-MEM-10",
                        REMOVE,
                        "a region is removed by its guest address, user address and size, whatever the offset says, and another"
                                + " one can take its place",
                        MemoryRules::replaced),
                rule(
                        "VU-MEM-11",
                        "Ring states",
                        "a region can be added while rings run",
                        MemoryRules::addedWhileRunning),
                rule(
                        "VU-MEM-12",
                        TABLE,
                        "a new memory table while rings run takes effect, and what stays in it goes on",
                        MemoryRules::tableWhileRunning),
                rule(
                        "VU-MEM-13",
                        TABLE,
                        "a table with the same addresses in another file means the other file",
                        trial -> LifeRules.secondSetUp(trial, Setup.USUAL.ram())),
                rule(
                        "VU-MEM-14",
                        "Front-end message types, REM_MEM_REG",
                        "a descriptor that comes with REM_MEM_REG is closed",
                        MemoryRules::strayDescriptor));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check).withTraffic();
    }

    /** A first region with room for rings, and others for single buffers, holes between all. */
    private static RamOptions regions(int count) {
        List<Range> ranges = new ArrayList<>();
        ranges.add(new Range(RamOptions.GUEST_BASE, RamOptions.USER_BASE, FIRST_BYTES));
        for (int i = 1; i < count; i++) {
            ranges.add(new Range(LOW + i * MIB, HIGH * 64 - i * MIB, OTHER_BYTES));
        }
        return new RamOptions(ranges, RamOptions.Backing.SEALABLE_MEMFD, false, false);
    }

    private static Setup slots(Setup setup) {
        return setup.with(ProtocolFeature.CONFIGURE_MEM_SLOTS);
    }

    /** Each region's guest addresses are the other's user addresses. */
    private static void crossedAddresses(Trial trial) {
        RamOptions crossed = new RamOptions(
                List.of(new Range(LOW, HIGH, FIRST_BYTES), new Range(HIGH, LOW, FIRST_BYTES)),
                RamOptions.Backing.SEALABLE_MEMFD,
                true,
                false);
        Pair pair = trial.pair(Setup.USUAL.withRam(crossed));
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
    }

    private static void lastOf(Trial trial, Setup setup) {
        ProbeGuest tested = trial.attached(0, setup.withoutReceiveBuffers());
        if (ProtocolFeature.CONFIGURE_MEM_SLOTS.in(setup.protocolFeatures())) {
            tested.needs(ProtocolFeature.CONFIGURE_MEM_SLOTS);
        }
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        bothWaysThrough(pair, tested.regions().getLast());
    }

    /** Sends and receives a frame with the buffers in this region. */
    private static void bothWaysThrough(Pair pair, RamRegion region) {
        bothWaysAt(pair, region.hostAddress(), region.hostAddress() + BUFFER_BYTES);
    }

    private static void bothWaysAt(Pair pair, long sendHostAddress, long receiveHostAddress) {
        FramePath frames = pair.tested().frames();
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH, frame -> frames.offerAt(sendHostAddress, frame));
        receiveAt(pair, receiveHostAddress);
    }

    private static void receiveAt(Pair pair, long hostAddress) {
        FramePath frames = pair.tested().frames();
        frames.receive().offer(List.of(Piece.writable(hostAddress, BUFFER_BYTES)));
        frames.flushReceive();
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
    }

    /** Two regions that follow each other in guest addresses, but neither in user addresses nor in a file. */
    private static Setup neighbours() {
        long second = RamOptions.GUEST_BASE + FIRST_BYTES;
        return Setup.USUAL
                .withRam(new RamOptions(
                        List.of(
                                new Range(RamOptions.GUEST_BASE, HIGH, FIRST_BYTES),
                                new Range(second, LOW, OTHER_BYTES),
                                new Range(second + OTHER_BYTES, HIGH + 64 * MIB, OTHER_BYTES)),
                        RamOptions.Backing.SEALABLE_MEMFD,
                        false,
                        false))
                .withoutReceiveBuffers();
    }

    /** An address in the first of the two regions behind which 700 bytes are left. */
    private static long acrossTheEnd(ProbeGuest guest) {
        RamRegion region = guest.regions().get(1);
        return region.hostAddress() + region.byteLength() - 700;
    }

    private static void sendAcrossRegions(Trial trial) {
        Pair pair = trial.pair(neighbours());
        long address = acrossTheEnd(pair.tested());
        FramePath frames = pair.tested().frames();
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH, frame -> frames.offerAt(address, frame));
    }

    private static void receiveAcrossRegions(Trial trial) {
        Pair pair = trial.pair(neighbours());
        receiveAt(pair, acrossTheEnd(pair.tested()));
    }

    /** The first region is so small that only a part of the rings finds room there. */
    private static void ringInTwoRegions(Trial trial) {
        RamOptions ram = new RamOptions(
                List.of(
                        new Range(LOW, HIGH, Setup.PAGE_BYTES),
                        new Range(LOW + MIB, HIGH * 2, Setup.PAGE_BYTES),
                        new Range(HIGH, LOW, FIRST_BYTES)),
                RamOptions.Backing.SEALABLE_MEMFD,
                false,
                false);
        Pair pair = trial.pair(Setup.USUAL.withRam(ram));
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
    }

    private static void manySlots(Trial trial) {
        long slots = trial.attached(0, slots(Setup.USUAL))
                .needs(ProtocolFeature.CONFIGURE_MEM_SLOTS)
                .frontEnd()
                .getMaxMemSlots();
        Stop.unless(slots >= 1, "at least 1", String.valueOf(slots));
        trial.close();
        trial.pause();
        lastOf(trial, slots(Setup.USUAL.withRam(regions((int) Math.min(MANY_SLOTS, slots)))));
    }

    private static Pair pairWithSlots(Trial trial, int regions) {
        ProbeGuest tested =
                trial.attached(0, slots(Setup.USUAL).withRam(regions(regions)).withoutReceiveBuffers());
        tested.needs(ProtocolFeature.CONFIGURE_MEM_SLOTS);
        return trial.flowing(tested, trial.guest(1, Setup.USUAL));
    }

    /** The offset is not the region's: it does not count. No descriptor rides along, as the protocol asks. */
    private static void remove(ProbeGuest guest, RamRegion region) {
        guest.frontEnd()
                .tell(VhostUserRequest.REM_MEM_REG, Payloads.singleRegion(with(region, region.file(), 0x1234_5000)));
        guest.settle();
    }

    private static RamRegion with(RamRegion region, Fd file, long fileOffset) {
        return new RamRegion(
                file,
                fileOffset,
                region.guestAddress(),
                region.userAddress(),
                region.byteLength(),
                region.hostAddress());
    }

    private static void removed(Trial trial) {
        Pair pair = pairWithSlots(trial, 2);
        ProbeGuest tested = pair.tested();
        remove(tested, tested.regions().getLast());
        long free = tested.ram().allocate(2 * BUFFER_BYTES, BUFFER_BYTES);
        bothWaysAt(pair, free, free + BUFFER_BYTES);
    }

    /** The second region is taken away, and its addresses come to mean the third one's memory. */
    private static void replaced(Trial trial) {
        ProbeGuest tested = trial.attached(
                0,
                slots(Setup.USUAL).withRam(regions(3).withFileForEachRegion()).withoutReceiveBuffers());
        tested.needs(ProtocolFeature.CONFIGURE_MEM_SLOTS);
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        RamRegion second = tested.regions().get(1);
        RamRegion third = tested.regions().get(2);
        remove(tested, second);
        remove(tested, third);
        tested.frontEnd().addMemRegion(with(second, third.file(), third.fileOffset()));
        tested.settle();
        FramePath frames = tested.frames();
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH, frame -> {
            frames.writeAt(third.hostAddress(), frame);
            frames.transmit()
                    .offer(List.of(Piece.readable(second.hostAddress(), frames.headerByteLength() + frame.length)));
        });
    }

    /** The message may be refused, but whoever waits for the end of that file must not wait in vain. */
    private static void strayDescriptor(Trial trial) {
        Pair pair = pairWithSlots(trial, 2);
        UnixSocket.Pair ends = trial.own(UnixSocket.pair());
        byte[] last = Payloads.singleRegion(pair.tested().regions().getLast());
        pair.tested()
                .frontEnd()
                .send(
                        VhostUserRequest.REM_MEM_REG.id(),
                        MessageLayout.VERSION,
                        last,
                        ends.second().fd());
        ends.second().close();
        Stop.unless(
                FileDescriptors.awaitReadable(ends.first().fd(), trial.limits().waitNanos()),
                "the other end of the descriptor ends",
                "it is held open for " + Trial.seconds(trial.limits().waitNanos()));
    }

    private static void addedWhileRunning(Trial trial) {
        Setup setup = slots(Setup.USUAL).withRam(regions(2)).withoutReceiveBuffers();
        ProbeGuest tested = trial.attached(0, setup).needs(ProtocolFeature.CONFIGURE_MEM_SLOTS);
        RamRegion later = tested.regions().getLast();
        tested.setFeatures();
        tested.frontEnd().addMemRegion(tested.regions().getFirst());
        tested.queues().forEach(tested::describe);
        tested.goOn();
        Pair pair = new Pair(trial, tested, trial.guest(1, Setup.USUAL));
        pair.warmUp();
        tested.frontEnd().addMemRegion(later);
        tested.settle();
        bothWaysThrough(pair, later);
    }

    private static void tableWhileRunning(Trial trial) {
        ProbeGuest tested = trial.attached(0, Setup.USUAL.withRam(regions(2)).withoutReceiveBuffers());
        List<RamRegion> both = tested.regions();
        tested.setFeatures();
        tested.frontEnd().setMemTable(both.subList(0, 1));
        tested.queues().forEach(tested::describe);
        tested.goOn();
        Pair pair = new Pair(trial, tested, trial.guest(1, Setup.USUAL));
        pair.warmUp();
        tested.frontEnd().setMemTable(both);
        tested.settle();
        bothWaysThrough(pair, both.getLast());
    }
}
