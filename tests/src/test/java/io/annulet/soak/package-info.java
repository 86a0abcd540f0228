/** A back-end under load and under fire for as long as one likes: {@code ./annulet soak}. */
@NullMarked
package io.annulet.soak;

import org.jspecify.annotations.NullMarked;
