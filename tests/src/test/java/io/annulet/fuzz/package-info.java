/**
 * Generated attacks in one process: a target builds what a hostile driver could have written from the bytes of an input,
 * has the code that runs in production read it, and compares with a model that shares nothing with that code.
 */
@NullMarked
package io.annulet.fuzz;

import org.jspecify.annotations.NullMarked;
