package io.annulet.interop;

import static io.annulet.interop.Proof.check;

import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.NicFilter;
import io.annulet.vfio.NicStatistic;
import io.annulet.vfio.Registers;
import io.annulet.vfio.VfioDevice;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What the drivers make two NICs on one wire do, beside frames: part of {@link NicProofs}. */
final class NicDriverProofs {

    private static final int RECOVERIES = 1_000;
    private static final int STORM = 20_000;
    private static final int FRAME_BYTES = 100;
    private static final int CRC_BYTES = 4;
    private static final int MARK = 20;
    private static final int INTERRUPT_CAUSES = 0x00c0;
    private static final int INTERRUPTS_SET = 0x00c8;
    private static final int INTERRUPT_MASK_SET = 0x00d0;
    private static final int LINK_CHANGED = 1 << 2;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final long STRANGER = 0x0900_0000_0602L;
    private static final long OWN = 0x0100_0000_0602L;
    private static final long OTHER_GROUP = 0x7700_0000_3333L;
    private static final long OWN_GROUP = 0x0100_0000_3333L;
    private static final long EVERYBODY = 0xffff_ffff_ffffL;

    private NicDriverProofs() {}

    private static byte[] frame(long destination, int mark) {
        byte[] frame = new byte[FRAME_BYTES];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (destination >>> (8 * i));
        }
        frame[6] = 2;
        frame[MARK] = (byte) mark;
        return frame;
    }

    /** Only what the filter names comes through, in order; and all of it after the filter is gone. */
    static void filters(OwnNic to, OwnNic from) {
        to.receiveOnly(new NicFilter(false, List.of(OWN), false, List.of(OWN_GROUP)));
        long[] destinations = {STRANGER, OWN, OTHER_GROUP, OWN_GROUP, STRANGER, EVERYBODY};
        expect(to, from, destinations, 1, 3, 5);
        to.receiveOnly(new NicFilter(false, List.of(OWN), true, List.of()));
        expect(to, from, destinations, 1, 2, 3, 5);
        to.receiveOnly(NicFilter.EVERYTHING);
        expect(to, from, destinations, 0, 1, 2, 3, 4, 5);
    }

    private static void expect(OwnNic to, OwnNic from, long[] destinations, int... expected) {
        for (int i = 0; i < expected.length; i++) {
            to.offer(i);
        }
        for (int i = 0; i < destinations.length; i++) {
            from.send(frame(destinations[i], i));
        }
        for (int mark : expected) {
            byte[] frame = to.frame(to.awaitReceived());
            check(
                    Arrays.equals(frame(destinations[mark], mark), frame),
                    "not frame " + mark + " but " + Arrays.toString(frame));
        }
    }

    /** The NIC's figures are exact, and begin anew once they are read. */
    static void statistics(OwnNic nic, OwnNic other) {
        nic.nic.statistics().forEach(nic.nic::take);
        long[] in = {OWN, OWN_GROUP, EVERYBODY, OWN};
        expect(nic, other, in, 0, 1, 2, 3);
        long[] out = {OWN, STRANGER};
        expect(other, nic, out, 0, 1);
        counted(nic, NicStatistic.RECEIVED, in.length);
        counted(nic, NicStatistic.RECEIVED_BYTES, (long) in.length * (FRAME_BYTES + CRC_BYTES));
        counted(nic, NicStatistic.RECEIVED_GROUP, 1);
        counted(nic, NicStatistic.RECEIVED_BROADCAST, 1);
        counted(nic, NicStatistic.SENT, out.length);
        counted(nic, NicStatistic.SENT_BYTES, (long) out.length * (FRAME_BYTES + CRC_BYTES));
        for (NicStatistic statistic : nic.nic.statistics()) {
            counted(nic, statistic, 0);
        }
    }

    private static void counted(OwnNic nic, NicStatistic which, long expected) {
        long counted = nic.nic.take(which);
        check(counted == expected, which.label() + " is " + counted + ", not " + expected);
    }

    /**
     * Stopped with buffers offered and a frame handed over, and started again. Such a frame may still come to the other NIC
     * once it has buffers, so it is not one that anybody waits for.
     */
    static void recoveries(OwnNic a, OwnNic b) {
        a.markStray();
        b.markStray();
        for (int i = 0; i < RECOVERIES; i++) {
            OwnNic it = i % 2 == 0 ? a : b;
            it.offer(i % OwnNic.BUFFERS);
            it.nic.transmit(
                    it.sent.address(),
                    new long[] {
                        it.sent.iova() + OwnNic.HEADER_BYTES - it.nic.limits().headerBytes()
                    },
                    new int[] {60 + it.nic.limits().headerBytes()},
                    1,
                    1);
            it.nic.publishTransmit();
            it.nic.stop();
            it.nic.start();
        }
    }

    static void interruptLines(String one, String other) {
        try (OwnNic a = new OwnNic(one, Interrupts.LINE);
                OwnNic b = new OwnNic(other, Interrupts.LINE)) {
            interruptsOfFrames(a, b);
            interruptsOfFrames(b, a);
        }
    }

    private static void interruptsOfFrames(OwnNic to, OwnNic from) {
        for (int i = 0; i < 5; i++) {
            to.nic.acknowledgeLine();
            to.device.unmaskIntx();
            to.queueEvent.drain();
            to.nic.requestInterrupts();
            to.offer(i);
            from.send(frame(EVERYBODY, i));
            check(FileDescriptors.awaitReadable(to.queueEvent.fd(), LIMIT_NANOS), "no interrupt for frame " + i);
            byte[] frame = to.frame(to.awaitReceived());
            check(Arrays.equals(frame(EVERYBODY, i), frame), "not frame " + i + " but " + Arrays.toString(frame));
            to.nic.suppressInterrupts();
        }
    }

    /** The line is masked as soon as it was raised; messages are counted, and do not add up to more than one wake-up. */
    static void storm(String address) {
        try (VfioDevice device = VfioDevice.open(address, false);
                EventFd queues = EventFd.create(true, 0);
                EventFd others = EventFd.create(true, 0)) {
            Registers registers = device.bar(0);
            device.config().enableBusMaster(true);
            device.useInterrupts(Interrupts.LINE, queues, others);
            raise(registers);
            check(FileDescriptors.awaitReadable(queues.fd(), LIMIT_NANOS), "no interrupt");
            long raised = queues.drain();
            check(raised == 1, raised + " interrupts of a line that nobody unmasked");
            registers.loadInt(INTERRUPT_CAUSES);
            device.unmaskIntx();
            raise(registers);
            check(FileDescriptors.awaitReadable(queues.fd(), LIMIT_NANOS), "no interrupt after the storm");
        }
    }

    private static void raise(Registers registers) {
        registers.storeInt(INTERRUPT_MASK_SET, LINK_CHANGED);
        for (int i = 0; i < STORM; i++) {
            registers.storeInt(INTERRUPTS_SET, LINK_CHANGED);
        }
    }

    /** Interrupts by messages, as many as the NIC can raise, keep no frame from coming. */
    static void stormBesideFrames(OwnNic nic, OwnNic other) {
        raise(nic.device.bar(0));
        nic.nic.acknowledgeOther();
        expect(nic, other, new long[] {OWN, STRANGER}, 0, 1);
        expect(other, nic, new long[] {OWN, STRANGER}, 0, 1);
        check(nic.otherEvent.drain() > 0, "no interrupts");
    }
}
