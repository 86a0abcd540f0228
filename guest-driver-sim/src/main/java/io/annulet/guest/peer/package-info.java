/**
 * The other side: small back-ends that are right, and wrong in one way if asked to be. Tools prove with them that they
 * find what they look for, and what they cost by themselves.
 *
 * <pre>
 *  LoopbackDevice ----------------+
 *                                 +- FrameMover   frames from a transmit queue into receive buffers, with a Fault
 *  ReferenceBackEnd - Session ----+- DeviceQueue  one queue's device half
 *       (sockets)     (messages)
 * </pre>
 */
@NullMarked
package io.annulet.guest.peer;

import org.jspecify.annotations.NullMarked;
