/**
 * Split virtqueues: their memory, and the two halves that work them.
 *
 * <pre>
 *            descriptor table            available ring              used ring
 *   driver   address,length,flags,next   flags  idx  ring[size]      flags  idx  ring[size]
 *   writes   +----------------------+    +-----+---+------------+    +-----+---+---------------+
 *            | 0                    |&lt;---|     |   | head ...   |    |     |   | id,length ... |  device
 *            | 1                    |    +-----+---+------------+    +-----+---+---------------+  writes
 *            | ...                  |     used_event (behind it)      avail_event (behind it)
 *            +----------------------+
 * </pre>
 *
 * <p>A descriptor's id travels: the driver puts the head of a chain into the available ring and publishes the available
 * index; the device takes it, works on the buffers, puts it into the used ring and publishes the used index.
 *
 * <p>Pairs of memory order, each letter at both of its ends in the sources:
 *
 * <ul>
 *   <li>[A] the driver's release before the available index is stored, the device's acquire when it loads it: whoever
 *       sees the index sees the heads and descriptors before it.
 *   <li>[B] the device's release before the used index is stored, the driver's acquire when it loads it.
 *   <li>[C] device: store used index, full fence, load used_event or the available flags; driver: store used_event or
 *       flags, full fence, load used index. One of the two sees the other's store, so no call is lost.
 *   <li>[D] driver: store available index, full fence, load avail_event or the used flags; device: store avail_event or
 *       flags, full fence, load available index. So no kick is lost.
 * </ul>
 *
 * <p>From VIRTIO 1.2, "Split Virtqueues".
 */
@NullMarked
package io.annulet.vring;

import org.jspecify.annotations.NullMarked;
