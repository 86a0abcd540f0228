/** Tests of the control plane: each message, each fault, and that nothing is left when a front-end has gone. */
@NullMarked
package io.annulet.backend.control;

import org.jspecify.annotations.NullMarked;
