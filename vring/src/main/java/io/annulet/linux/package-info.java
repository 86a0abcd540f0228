/**
 * The only code that calls the kernel. Everything above it sees Java types: file descriptors, mappings, sockets, taps, and
 * errors that carry the errno and what was tried.
 *
 * <p>There is one downcall, in {@code Syscall}; {@code Kernel} names the calls made through it; every other class is one
 * kind of kernel object. Errors come in two ways. On the control path a method throws {@link LinuxException}, whose one
 * line says what to check. On the data path (the methods that return {@code long}) it returns the negative error number,
 * throws nothing, and once compiled allocates nothing. Calls that a signal interrupts are made again.
 *
 * <p>Memory that a peer shares is never read or written here: its address goes to the kernel, which answers EFAULT where
 * the memory is gone.
 */
@NullMarked
package io.annulet.linux;

import org.jspecify.annotations.NullMarked;
