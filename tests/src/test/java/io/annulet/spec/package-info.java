/**
 * Rules that hold for the whole, each test named after its rule.
 */
@NullMarked
package io.annulet.spec;

import org.jspecify.annotations.NullMarked;
