/**
 * Kernel calls that only tests make.
 */
@NullMarked
package io.annulet.linux;

import org.jspecify.annotations.NullMarked;
