/**
 * Guests and back-ends living their lives: whole processes, driven as their users drive them.
 */
@NullMarked
package io.annulet.journey;

import org.jspecify.annotations.NullMarked;
