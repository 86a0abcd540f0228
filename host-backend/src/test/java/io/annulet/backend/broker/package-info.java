@NullMarked
package io.annulet.backend.broker;

import org.jspecify.annotations.NullMarked;
