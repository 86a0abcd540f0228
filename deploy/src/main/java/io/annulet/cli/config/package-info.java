/** The configuration file of {@code annulet run}: read, checked whole, and gone over to while the back-end runs. */
@NullMarked
package io.annulet.cli.config;

import org.jspecify.annotations.NullMarked;
