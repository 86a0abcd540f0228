/**
 * The only code that calls the kernel. Everything above it sees Java types: file descriptors, mappings, sockets, and
 * errors that carry the errno and what was tried.
 */
@NullMarked
package io.annulet.linux;

import org.jspecify.annotations.NullMarked;
