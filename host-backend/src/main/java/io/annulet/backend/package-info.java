/**
 * A whole back-end put together: ports, workers, the control loop and the counters, from options that check themselves.
 */
@NullMarked
package io.annulet.backend;

import org.jspecify.annotations.NullMarked;
