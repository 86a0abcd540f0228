/**
 * Where frames enter and leave: the port interface and one implementation for each kind of port.
 */
@NullMarked
package io.annulet.backend.port;

import org.jspecify.annotations.NullMarked;
