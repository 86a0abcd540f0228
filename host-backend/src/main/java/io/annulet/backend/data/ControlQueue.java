package io.annulet.backend.data;

import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.NetControl;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;

/**
 * The queue on which a driver sends commands about its device; owned by its worker, which only carries them. Each goes to
 * the control plane as a private copy, one at a time, and its chain is given back with the answer.
 *
 * <p>VIRTIO 1.4, "Network Device, Control Virtqueue". A command may lie in any descriptors; what the device writes begins
 * with the ack, in the first byte that it may write.
 */
public final class ControlQueue extends GuestQueue {

    /** The longest command that is copied: two tables with more than a thousand addresses together. */
    static final int MAX_COMMAND_BYTES = 8192;

    /** The longest answer, ack included: what all queues of a device have counted. */
    public static final int MAX_ANSWER_BYTES = 16_384;

    private static final long NOTHING_ASKED = -1;
    private static final byte[] REFUSAL = {NetControl.ERR};

    private final ChainBurst chains;
    private long asked = NOTHING_ASKED;
    private boolean busy;

    public ControlQueue(QueueSetup setup, PortCounters counters, PortListener listener) {
        super(setup, counters, listener);
        // Descriptors of one byte, each across a border of regions, are the most that a chain can be cut into.
        this.chains = new ChainBurst(1, 2 * setup.ring().size());
        suppressKicks();
    }

    /**
     * Takes the next command, unless one is under way, and hands it to the control plane.
     *
     * @param ticket by which {@link #answer} knows the command
     * @return whether there was one
     */
    public boolean ask(long ticket) {
        if (asked != NOTHING_ASKED || !isEnabled()) {
            return false;
        }
        busy = true;
        chains.clear();
        boolean taken = take(chains, 1) > 0;
        if (taken) {
            handOver(ticket);
        }
        busy = false;
        return taken;
    }

    private void handOver(long ticket) {
        long byteLength = chains.readableByteLength(0);
        if (chains.fault(0) != ChainFault.NONE || chains.writableByteLength(0) == 0) {
            // There is no place for an ack.
            counters.badCommand();
            giveBack(0);
        } else if (byteLength < NetControl.HEADER_BYTES || byteLength > MAX_COMMAND_BYTES) {
            counters.badCommand();
            write(REFUSAL);
            giveBack(REFUSAL.length);
        } else {
            byte[] command = copy((int) byteLength);
            asked = ticket;
            listener().onCommand(ticket, command, answerRoom());
        }
    }

    private byte[] copy(int byteLength) {
        byte[] command = new byte[byteLength];
        int at = 0;
        for (int i = chains.firstSegment(0); i < chains.firstWritable(0); i++) {
            int length = chains.segmentByteLength(i);
            System.arraycopy(HostMemory.copyOut(chains.segmentAddress(i), length), 0, command, at, length);
            at += length;
        }
        return command;
    }

    private int answerRoom() {
        return (int) Math.min(MAX_ANSWER_BYTES, chains.writableByteLength(0));
    }

    /**
     * Gives a command back with its answer, which fits into the room that it had; an answer to one that is not under way
     * any more is dropped.
     */
    public void answer(long ticket, byte[] answer) {
        if (ticket != asked) {
            return;
        }
        busy = true;
        asked = NOTHING_ASKED;
        counters.command(answer[0] == NetControl.OK);
        write(answer);
        giveBack(answer.length);
        busy = false;
    }

    private void write(byte[] answer) {
        int at = 0;
        for (int i = chains.firstWritable(0); at < answer.length; i++) {
            int length = Math.min(chains.segmentByteLength(i), answer.length - at);
            HostMemory.copyIn(answer, at, chains.segmentAddress(i), length);
            at += length;
        }
    }

    private void giveBack(int writtenByteLength) {
        if (log != null) {
            log.buffers(chains, 0, writtenByteLength);
        }
        half.giveBack(chains.head(0), writtenByteLength);
        showUsed(1);
        HostMemory.fullFence(); // [C]
        callDriver();
    }

    /** Whether a command is with the control plane, or its memory is not there: no kick is needed until that has changed. */
    private boolean isWaiting() {
        return asked != NOTHING_ASKED || !isEnabled() || waitsForMemory();
    }

    /** Asks for kicks if a command could be taken; true if there is one already. */
    public boolean requestKicks() {
        if (isWaiting()) {
            return false;
        }
        boolean work = half.requestKicks() || setup().kick() == null;
        if (log != null) {
            log.suppression();
        }
        return work;
    }

    /** After an access to memory failed somewhere: a step that it broke off has not happened. */
    public void recover() {
        if (busy) {
            busy = false;
            asked = NOTHING_ASKED;
            abandon();
        }
    }

    @Override
    public void move(QueueSetup moved) {
        forgetCommand();
        super.move(moved);
    }

    @Override
    public void translateBy(GuestMemory memory) {
        forgetCommand();
        super.translateBy(memory);
    }

    /** The command under way is taken again by whoever goes on with the ring. */
    @Override
    public int close() {
        forgetCommand();
        return super.close();
    }

    private void forgetCommand() {
        if (asked != NOTHING_ASKED) {
            asked = NOTHING_ASKED;
            half.untake(1);
        }
    }
}
