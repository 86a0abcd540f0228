/** Parts of the control plane as generated attacks reach them. */
@NullMarked
package io.annulet.backend.control;

import org.jspecify.annotations.NullMarked;
