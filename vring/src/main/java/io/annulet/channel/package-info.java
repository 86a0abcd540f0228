/**
 * Sealed channels: two ends that share memory with whoever can map it, and trust nothing in it.
 *
 * <pre>
 *  shared memory, seen by everybody                         each end, private
 *  +------------------+ 0      written by end 0 only        +--------------------------------+
 *  | control of end 0 |  produced, consumed, asleep, ...    | shadows of all indexes         |
 *  +------------------+ 4096   written by end 1 only        | keys, counters                 |
 *  | control of end 1 |                                     | a buffer for plain bytes       |
 *  +------------------+ 8192                                | a buffer for sealed bytes      |
 *  | mail of end 0    |  one handshake message              +--------------------------------+
 *  +------------------+ 12288                                  seal, then copy out
 *  | mail of end 1    |                                        copy in, then open
 *  +------------------+ 16384
 *  | ring 0 to 1      |  records: header word, 16 random bytes, sealed bytes, tag
 *  +------------------+
 *  | ring 1 to 0      |
 *  +------------------+
 * </pre>
 *
 * <p>End 0 is the one that begins handshakes. {@code SealedChannel} is an end; {@code RecordWriter} and {@code RecordReader}
 * are its two halves; {@code RingWriter} and {@code RingReader} the only ones that touch the rings; {@code NoiseHandshake}
 * makes the keys. Kernel calls are made by {@code io.annulet.linux} alone.
 *
 * <p>Acquire, release and fence, by letter:
 * <ul>
 *   <li>A: {@code RingWriter.publish} releases a record's bytes; {@code RingReader.available} acquires them.
 *   <li>B: {@code RingReader.release} releases room; {@code RingWriter.hasRoom} acquires it.
 *   <li>C: {@code Control.fallAsleep} stores asleep, fences, and its caller looks at the ring; {@code Control.isPeerAsleep}
 *       comes after an index was stored, fences, and loads asleep. One of them sees the other.
 *   <li>D: {@code Mailbox.post} releases a message's bytes; {@code Mailbox.poll} acquires them.
 * </ul>
 */
@NullMarked
package io.annulet.channel;

import org.jspecify.annotations.NullMarked;
