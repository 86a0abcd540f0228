/**
 * The copy study: what it costs to copy a frame, to have the kernel gather it, and to hand its pages over without a copy;
 * and from which length on the one is cheaper than the other.
 */
@NullMarked
package io.annulet.cli.study.copy;

import org.jspecify.annotations.NullMarked;
