/**
 * What was measured on single structures of the data path, winners beside what lost. Compiled with every build, run by hand:
 * docs/PERFORMANCE.md tells how. The numbers in the comments are from there.
 */
@NullMarked
package io.annulet.bench;

import org.jspecify.annotations.NullMarked;
