/**
 * Front-ends that mean harm, on a running back-end beside guests that must not notice.
 */
@NullMarked
package io.annulet.hostile;

import org.jspecify.annotations.NullMarked;
