/**
 * Front-ends that others wrote, on a running back-end.
 */
@NullMarked
package io.annulet.interop;

import org.jspecify.annotations.NullMarked;
