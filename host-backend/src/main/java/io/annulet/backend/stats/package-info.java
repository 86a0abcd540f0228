/**
 * Counters in a mapped file that another process can read while the back-end runs.
 */
@NullMarked
package io.annulet.backend.stats;

import org.jspecify.annotations.NullMarked;
