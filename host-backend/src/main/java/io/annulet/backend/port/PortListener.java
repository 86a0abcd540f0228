package io.annulet.backend.port;

import io.annulet.vring.RingFault;

/** What a worker tells the control plane of a guest's port. Called on the worker's thread: implementations hand over. */
public interface PortListener {

    /** The queue is broken until it is set up afresh. */
    void onRingBroken(int queueIndex, RingFault fault);

    /**
     * Memory of the guest's front-end went away; queues of the port are closed.
     *
     * @param epoch in which that was so: {@link GuestPort#epoch}
     */
    void onMemoryLost(int epoch);

    /**
     * The driver sent a command on the control queue. It sends no other one before it is answered, by {@link
     * io.annulet.backend.data.PortProxy#answerCommand}. Ports without a control queue get none.
     *
     * @param ticket to answer with
     * @param command a copy of our own: class, command and data
     * @param answerRoom bytes that the answer may have, ack included, 1 or more
     */
    default void onCommand(long ticket, byte[] command, int answerRoom) {}

    /**
     * A queue waits: its next chain has memory that is not there. It goes on once the port is told of other memory.
     *
     * @param guestAddresses some that are missing, the first one among them
     * @param accesses what the device has to do at each: {@link io.annulet.memory.Access}
     */
    default void onMemoryAwaited(int queueIndex, long[] guestAddresses, int[] accesses) {}
}
