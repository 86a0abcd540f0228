/**
 * Guest memory: the region table, translation of guest addresses, and bounded access. Nothing here calls the kernel, so
 * that its tests run on plain arena memory.
 */
@NullMarked
package io.annulet.memory;

import org.jspecify.annotations.NullMarked;
