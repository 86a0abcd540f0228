package io.annulet.guest;

import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.NetControl;
import io.annulet.vring.DriverHalf;
import io.annulet.vring.SplitRing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A control queue as its driver works it: one command at a time, each waited for; owned by one thread. VIRTIO 1.4, "Network
 * Device, Control Virtqueue".
 */
public final class DriverControlQueue {

    /** Descriptors of its ring. */
    public static final int RING_SIZE = 64;

    /** The longest command, and the longest answer. */
    public static final int MAX_BYTES = 1 << 20;

    /** Guest RAM that it takes, at most. */
    static final long RAM_BYTES = 2L * MAX_BYTES + (1 << 16);

    private final DriverVring vring;
    private final GuestRam ram;
    private final long commandAddress;
    private final long answerAddress;
    private final long tableAddress;
    private long timeoutNanos = VhostUserFrontEnd.DEFAULT_TIMEOUT_NANOS;

    DriverControlQueue(GuestRam ram, int index) {
        this.ram = ram;
        this.vring = new DriverVring(index, RawRing.allocate(ram, RING_SIZE));
        this.commandAddress = ram.allocate(MAX_BYTES, 64);
        this.answerAddress = ram.allocate(MAX_BYTES, 64);
        this.tableAddress = ram.allocate(SplitRing.descriptorTableBytes(RING_SIZE), SplitRing.DESCRIPTOR_BYTES);
    }

    void start(long features) {
        vring.begin(features, 0).suppressCalls();
    }

    public DriverVring vring() {
        return vring;
    }

    /** How long an answer may take. */
    public void timeoutNanos(long nanos) {
        timeoutNanos = nanos;
    }

    /** Where the last command was written: a host address. */
    public long commandAddress() {
        return commandAddress;
    }

    /** Where the last answer was written: a host address. */
    public long answerAddress() {
        return answerAddress;
    }

    // Commands.

    /** Sends a command and waits for its ack: {@link NetControl#OK} or another. */
    public int command(int commandClass, int command, byte... data) {
        return ask(commandClass, command, data, 1)[0];
    }

    /** As above, with a number of 16 bits as data. */
    public int command16(int commandClass, int command, int data) {
        return command(commandClass, command, (byte) data, (byte) (data >> 8));
    }

    /** As above, with a number of 64 bits. */
    public int command64(int commandClass, int command, long data) {
        byte[] bytes = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data)
                .array();
        return command(commandClass, command, bytes);
    }

    /** Turns a receive mode on or off. */
    public int mode(int mode, boolean on) {
        return command(NetControl.RX, mode, (byte) (on ? 1 : 0));
    }

    /** A device with a control queue begins with one pair, until it is told of more. */
    void useQueuePairs(int pairs) {
        if (command16(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, pairs) != NetControl.OK) {
            throw new FrontEndException(
                    FrontEndException.Reason.REFUSED, "the device refused " + pairs + " queue pairs");
        }
    }

    /** Sends a command; returns what the device wrote, the ack first. */
    public byte[] ask(int commandClass, int command, byte[] data, int answerRoom) {
        byte[] whole = new byte[NetControl.HEADER_BYTES + data.length];
        whole[NetControl.CLASS] = (byte) commandClass;
        whole[NetControl.COMMAND] = (byte) command;
        System.arraycopy(data, 0, whole, NetControl.HEADER_BYTES, data.length);
        submit(whole, whole.length, answerRoom, answerRoom, false);
        return await();
    }

    /**
     * Offers a command of any bytes in any layout, and kicks if the device asked for it.
     *
     * @param piece bytes of each descriptor that the device reads
     * @param answerPiece bytes of each descriptor that it writes
     */
    public void submit(byte[] command, int piece, int answerRoom, int answerPiece, boolean indirect) {
        HostMemory.copyIn(command, 0, commandAddress, command.length);
        int readable = piecesOf(command.length, piece);
        int writable = piecesOf(answerRoom, answerPiece);
        long[] addresses = new long[readable + writable];
        int[] byteLengths = new int[readable + writable];
        lay(addresses, byteLengths, 0, ram.guestAddressOf(commandAddress), command.length, piece);
        lay(addresses, byteLengths, readable, ram.guestAddressOf(answerAddress), answerRoom, answerPiece);
        int count = addresses.length;
        DriverHalf half = vring.half();
        int head = indirect
                ? half.offerIndirect(
                        ram.guestAddressOf(tableAddress), tableAddress, addresses, byteLengths, count, readable)
                : half.offerChain(addresses, byteLengths, count, readable);
        if (head == DriverHalf.FULL) {
            throw new IllegalStateException("the control queue has no room for " + count + " descriptors");
        }
        publish();
    }

    /** Offers any chain at all, the first {@code readable} descriptors for the device to read. */
    public void offerChain(long[] guestAddresses, int[] byteLengths, int readable) {
        vring.half().offerChain(guestAddresses, byteLengths, byteLengths.length, readable);
        publish();
    }

    private void publish() {
        if (vring.half().publishAvail()) {
            vring.kick();
        }
    }

    private static int piecesOf(int byteLength, int piece) {
        return byteLength == 0 ? 0 : (byteLength + piece - 1) / piece;
    }

    private static void lay(long[] addresses, int[] byteLengths, int first, long from, int byteLength, int piece) {
        int at = 0;
        for (int i = first; at < byteLength; i++) {
            addresses[i] = from + at;
            byteLengths[i] = Math.min(piece, byteLength - at);
            at += byteLengths[i];
        }
    }

    /** Waits until the device has used one chain; returns what it wrote into it. */
    public byte[] await() {
        DriverHalf half = vring.half();
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        while (true) {
            int head = half.takeUsed();
            if (head >= 0) {
                return HostMemory.copyOut(answerAddress, (int) Math.min(half.writtenByteLength(), MAX_BYTES));
            }
            long leftNanos = deadlineNanos - System.nanoTime();
            if (head != DriverHalf.NOTHING || leftNanos <= 0) {
                throw new FrontEndException(
                        FrontEndException.Reason.NO_REPLY, "no command was answered on the control queue");
            }
            if (!half.requestCalls(0)) {
                vring.awaitCall(leftNanos);
            }
            half.suppressCalls();
        }
    }
}
