package io.annulet.interop;

import io.annulet.linux.EventFd;
import io.annulet.memory.HostMemory;
import io.annulet.vfio.DmaArea;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.IovaSpace;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicDrivers;
import io.annulet.vfio.NicFilter;
import io.annulet.vfio.NicMemory;
import io.annulet.vfio.VfioDevice;
import java.util.concurrent.TimeUnit;

/** A NIC driven directly, with a few buffers of its own, as a proof needs it; used by one thread. */
final class OwnNic implements AutoCloseable {

    static final int BUFFERS = 32;
    static final int BUFFER_BYTES = 2048;
    static final int HEADER_BYTES = 12;

    private static final int STRAY = 6;

    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long OWN_BYTES = (long) BUFFERS * BUFFER_BYTES;

    final VfioDevice device;
    final IovaSpace space;
    final NicMemory memory;
    final Nic nic;
    final DmaArea.Piece sent;
    final DmaArea.Piece received;
    final EventFd queueEvent = EventFd.create(true, 0);
    final EventFd otherEvent = EventFd.create(true, 0);

    OwnNic(String address) {
        this(address, Interrupts.MESSAGES);
    }

    OwnNic(String address, Interrupts interrupts) {
        device = VfioDevice.open(address, false);
        space = new IovaSpace(device.container().info().iovaRanges());
        memory = NicMemory.create(
                device.container(),
                space,
                OWN_BYTES + NicDrivers.readBytes(),
                OWN_BYTES + NicDrivers.writtenBytes(),
                NicDrivers.ringBytes());
        sent = memory.read().take(OWN_BYTES, 64);
        received = memory.write().take(OWN_BYTES, 64);
        device.useInterrupts(interrupts, queueEvent, otherEvent);
        nic = NicDrivers.drive(device, memory, BUFFER_BYTES, interrupts);
        nic.start();
    }

    /** Sends bytes of a pattern, headers and payload in two pieces, and waits until the NIC has read them. */
    void send(byte[] frame) {
        long header = sent.address();
        int before = HEADER_BYTES - nic.limits().headerBytes();
        HostMemory.zero(header, HEADER_BYTES);
        for (int i = 0; i < frame.length; i++) {
            HostMemory.storeByte(header + HEADER_BYTES + i, frame[i]);
        }
        int first = HEADER_BYTES - before + 14;
        long iova = sent.iova() + before;
        nic.transmit(header, new long[] {iova, iova + first}, new int[] {first, frame.length - 14}, 2, 3);
        nic.publishTransmit();
        awaitTransmitted(3);
    }

    /** Has what is sent next without new bytes begin as no frame does that is sent by {@link #send} and waited for. */
    void markStray() {
        HostMemory.storeByte(sent.address() + HEADER_BYTES, STRAY);
    }

    void awaitTransmitted(int wanted) {
        long end = System.nanoTime() + LIMIT_NANOS;
        int token = nic.takeTransmitted();
        while (token == Nic.NOTHING && System.nanoTime() - end < 0) {
            Thread.onSpinWait();
            token = nic.takeTransmitted();
        }
        Proof.check(token == wanted, "frame " + wanted + " was not sent but " + token);
    }

    /** Receives what the filter admits, from when this returns on. */
    void receiveOnly(NicFilter filter) {
        nic.receiveOnly(filter);
        long end = System.nanoTime() + LIMIT_NANOS;
        while (nic.filterState() == Nic.FilterState.UNDER_WAY && System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        Proof.check(nic.filterState() == Nic.FilterState.SET, "the filter is " + nic.filterState());
    }

    /** Offers a buffer of our own. */
    void offer(int buffer) {
        offer(received.iova() + (long) buffer * BUFFER_BYTES, buffer);
    }

    void offer(long iova, int token) {
        nic.offer(iova, BUFFER_BYTES, token);
        nic.publishReceive();
    }

    /** Waits for a frame; returns which buffer it filled. */
    int awaitReceived() {
        long end = System.nanoTime() + LIMIT_NANOS;
        int token = nic.takeReceived();
        while (token == Nic.NOTHING && System.nanoTime() - end < 0) {
            Thread.onSpinWait();
            token = nic.takeReceived();
        }
        Proof.check(token >= 0, "no frame came: " + token);
        return token;
    }

    /** The frame that {@link #awaitReceived} told of. */
    byte[] frame(int buffer) {
        return HostMemory.copyOut(
                received.address() + (long) buffer * BUFFER_BYTES + nic.limits().headerBytes(), nic.receivedBytes());
    }

    @Override
    public void close() {
        nic.stop();
        device.close();
        memory.close();
        queueEvent.close();
        otherEvent.close();
    }
}
