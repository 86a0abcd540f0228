/**
 * A simulated guest: a vhost-user front-end with a virtio-net driver in user space, which does what a guest does, or what
 * it should not, without a guest.
 *
 * <pre>
 *  SimulatedGuest -+- VhostUserFrontEnd   messages to the back-end; BackendChannel for those it sends by itself
 *                  +- GuestRam            shareable memory, in up to hundreds of regions
 *                  +- NetDriver -+- DriverTransmitQueue -+- DriverHalf (io.annulet.vring)
 *                                +- DriverReceiveQueue --+
 *                                +- DriverVring, RawRing  eventfds; the ring's memory, for mischief too
 *
 *  FrameFactory writes test frames, TrafficChecker proves what became of them
 * </pre>
 *
 * <p>One frame out and in:
 *
 * <pre>
 *  try (SimulatedGuest guest = SimulatedGuest.connect(socket, GuestOptions.DEFAULTS)) {
 *      DriverTransmitQueue transmit = guest.transmitQueue(0);
 *      frames.write(transmit.reserve(), 64);
 *      transmit.submit(64);
 *      transmit.flush();
 *      guest.receiveQueue(0).awaitUsed(timeoutNanos);
 *      guest.receiveQueue(0).receive(checker, 64);
 *  }
 * </pre>
 *
 * <p>A guest belongs to one thread, which does all of that.
 */
@NullMarked
package io.annulet.guest;

import org.jspecify.annotations.NullMarked;
