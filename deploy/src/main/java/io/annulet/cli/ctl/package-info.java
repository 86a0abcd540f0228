/** {@code annulet ctl}: the client of the control API, for people and scripts. */
@NullMarked
package io.annulet.cli.ctl;

import org.jspecify.annotations.NullMarked;
