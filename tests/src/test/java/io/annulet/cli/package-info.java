/**
 * The command line as tests run it.
 */
@NullMarked
package io.annulet.cli;

import org.jspecify.annotations.NullMarked;
