/** Tests of what two back-ends say to each other. */
@NullMarked
package io.annulet.backend.handover;

import org.jspecify.annotations.NullMarked;
