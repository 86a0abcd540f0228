/**
 * The study of AF_XDP's memory: how large the pool of chunks has to be for a rate of arrivals, measured over a cable against
 * a model of what a frame's work and the upkeep of the rings cost.
 */
@NullMarked
package io.annulet.cli.study.umem;

import org.jspecify.annotations.NullMarked;
