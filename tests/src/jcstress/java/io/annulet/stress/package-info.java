/** Stress tests of the lettered pairs of io.annulet.vring, run by jcstress. */
package io.annulet.stress;
