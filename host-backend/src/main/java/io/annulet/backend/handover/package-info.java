/**
 * How one back-end process gives everything it serves to another, which goes on in its place: what is passed, in which form,
 * and what the two say to each other.
 *
 * <pre>
 *   process that serves                        process that comes after
 *        | <------------- HELLO -------------------- |  the ports that it has
 *        | -- REHEARSAL: state as it is -----------> |  opens all that can be opened before
 *     warms its code                            warms its code
 *        | <------------- COMMIT ------------------- |
 *     reads no messages, works no rings              |
 *        | -- STATE: all of it, with descriptors --> |  maps memory, makes its sessions
 *        | <------------- READY -------------------- |
 *     lets go of the records of rings                |
 *        | -- GO ----------------------------------> |  works the rings
 *        | <------------- STARTED ------------------ |  reads messages
 *       ends
 * </pre>
 *
 * <p>Until GO the process that serves goes on by itself if anything fails. If the other one dies between GO and STARTED it
 * takes everything back, as after a crash. Nothing here knows sessions or workers: see
 * {@link io.annulet.backend.handover.Giver}.
 */
@NullMarked
package io.annulet.backend.handover;

import org.jspecify.annotations.NullMarked;
