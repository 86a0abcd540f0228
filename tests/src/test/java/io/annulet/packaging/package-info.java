/** What is shipped: runtime image, Debian package, units, container, examples of platforms; each where it can run here. */
@NullMarked
package io.annulet.packaging;

import org.jspecify.annotations.NullMarked;
