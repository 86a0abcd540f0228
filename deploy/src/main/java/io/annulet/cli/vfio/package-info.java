/** {@code annulet vfio}: which NICs could be given to Annulet, and giving them. */
@NullMarked
package io.annulet.cli.vfio;

import org.jspecify.annotations.NullMarked;
