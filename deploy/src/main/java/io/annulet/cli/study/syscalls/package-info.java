/**
 * The system-call study: messages through a tap with a call for each, gathered and scattered, and through io_uring with
 * one call for many.
 */
@NullMarked
package io.annulet.cli.study.syscalls;

import org.jspecify.annotations.NullMarked;
