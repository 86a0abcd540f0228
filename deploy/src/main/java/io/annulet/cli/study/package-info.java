/**
 * The studies: sweeps over parameters whose figures answer one question each, and the machinery they have in common.
 *
 * <pre>
 *   Study     its points, how one is measured, what its report says
 *   Sweep     visits all points in rounds, in an order drawn anew for each, and keeps every sample in a file at once
 *   Results   medians of the samples; Fit a law through them
 *   report    charts and pages
 * </pre>
 *
 * <p>Samples stand in a CSV file line by line, so a sweep that was cut short goes on where it ended, and an earlier one
 * can be laid over a new one.
 */
@NullMarked
package io.annulet.cli.study;

import org.jspecify.annotations.NullMarked;
