/**
 * The control plane: sockets, vhost-user messages, negotiation and ring states. It may block, log and allocate; it
 * reaches the data plane only by sending messages to a worker.
 */
@NullMarked
package io.annulet.backend.control;

import org.jspecify.annotations.NullMarked;
