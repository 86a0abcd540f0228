/**
 * The control plane: sockets, vhost-user messages, negotiation and ring states. It may block, log and allocate; it
 * reaches the data plane only by sending messages to a worker.
 *
 * <p>All of it runs on one thread, {@link io.annulet.backend.control.ControlLoop}. The way of a message:
 *
 * <pre>
 *   front-end          Session                 handler                      worker
 *      | -- bytes --> MessageReader
 *      |               checked: size, fds,
 *      |               flags, feature  ------> validates the rest,
 *      |                                       prepares QueueSetup or
 *      |                                       MemoryTable, changes Device
 *      |               WORKING  <------------- Answer.Pending ------------> WorkerProxy.openQueue, ...
 *      |               (reads nothing,                                        |
 *      |               others are served)                                     |
 *      |               READING  <------------------- done, handed over -------+
 *      |               closes what is Retired
 *      | <- reply --- ReplyWriter
 * </pre>
 */
@NullMarked
package io.annulet.backend.control;

import org.jspecify.annotations.NullMarked;
