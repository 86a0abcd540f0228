/**
 * {@code annulet sim}: traffic through simulated guests, without a VM.
 */
@NullMarked
package io.annulet.cli.sim;

import org.jspecify.annotations.NullMarked;
