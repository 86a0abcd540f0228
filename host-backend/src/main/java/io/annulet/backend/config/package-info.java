/**
 * How people write a configuration: ports, links and channels as the command line has them, and the configuration file. What
 * comes out are the options of {@link io.annulet.backend}, which check themselves.
 */
@NullMarked
package io.annulet.backend.config;

import org.jspecify.annotations.NullMarked;
