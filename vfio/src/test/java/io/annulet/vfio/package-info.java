@NullMarked
package io.annulet.vfio;

import org.jspecify.annotations.NullMarked;
