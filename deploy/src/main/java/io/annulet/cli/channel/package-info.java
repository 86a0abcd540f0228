/**
 * {@code annulet channel}: keys, files, frames and measurements over sealed channels, and the holder of descriptors. Each
 * command is one thread that steps its end of the channel.
 */
@NullMarked
package io.annulet.cli.channel;

import org.jspecify.annotations.NullMarked;
