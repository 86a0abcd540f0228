/**
 * What {@code annulet demo} shows. {@link io.annulet.cli.demo.Demonstration} is the way through it, once with Linux guests
 * ({@link io.annulet.cli.demo.LinuxDemo}) and once with simulated ones ({@link io.annulet.cli.demo.SimulatedDemo});
 * {@link io.annulet.cli.demo.Progress} shows the steps, {@link io.annulet.cli.demo.Cleanup} takes everything back.
 */
@NullMarked
package io.annulet.cli.demo;

import org.jspecify.annotations.NullMarked;
