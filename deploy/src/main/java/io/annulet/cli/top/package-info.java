/** {@code annulet top}: a live view in a terminal. */
@NullMarked
package io.annulet.cli.top;

import org.jspecify.annotations.NullMarked;
