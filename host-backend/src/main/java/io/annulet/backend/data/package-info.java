/**
 * The data plane: workers, their transmit and receive queues, and the switch. Nothing here blocks, logs or allocates for
 * a frame, and nothing here depends on the control plane.
 */
@NullMarked
package io.annulet.backend.data;

import org.jspecify.annotations.NullMarked;
