/**
 * {@code annulet bench}: Annulet against its rivals on this machine.
 *
 * <p>{@link io.annulet.cli.bench.Target} has the floors and goals. A {@link io.annulet.cli.bench.Comparison} starts
 * back-ends and front-ends as children and turns what they did into {@link io.annulet.cli.bench.Figure figures}.
 */
@NullMarked
package io.annulet.cli.bench;

import org.jspecify.annotations.NullMarked;
