/**
 * Where frames enter and leave: the port interface and one implementation for each kind of port.
 *
 * <p>Ports whose other side may block (files) have a thread of their own beside the worker, and a {@code FrameRing}
 * between the two. Pairs of memory order, each letter at both of its ends in the sources:
 *
 * <ul>
 *   <li>[A] the producer's release of the published position, the consumer's acquire: whoever sees the position sees the
 *       records before it.
 *   <li>[B] the consumer's release of the released position, the producer's acquire: the bytes before it may be written
 *       again.
 *   <li>[C] whoever sleeps for a position: store where to be woken, full fence, load the position; whoever moves it: store
 *       the position, full fence, load where to wake. One of the two sees the other's store, so no wake-up is lost.
 *   <li>[D] a worker that goes to sleep: store that it sleeps, full fence, load the published position; the reader of a
 *       file: store the published position, full fence, load whether the worker sleeps.
 * </ul>
 */
@NullMarked
package io.annulet.backend.port;

import org.jspecify.annotations.NullMarked;
