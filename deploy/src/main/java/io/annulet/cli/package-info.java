/**
 * The {@code annulet} command. It sees every module and turns their errors into one line and an exit status.
 */
@NullMarked
package io.annulet.cli;

import org.jspecify.annotations.NullMarked;
