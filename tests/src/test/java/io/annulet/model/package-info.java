/**
 * Small worlds explored completely: the two halves of a ring as they are compiled, with each access to shared memory one
 * step, in every order and under weaker memory than the machine at hand has.
 */
@NullMarked
package io.annulet.model;

import org.jspecify.annotations.NullMarked;
