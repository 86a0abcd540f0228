/**
 * The control API: HTTP and JSON on a Unix socket. Netty's codec cuts the bytes on a loop of its own ({@link
 * io.annulet.backend.api.ApiServer}), a {@link io.annulet.backend.api.Router} finds the route, and its handler runs on a
 * virtual thread, where it may wait. A route is one line in one of the classes named {@code ...Routes} and one entry in
 * {@code openapi.yaml}.
 */
@NullMarked
package io.annulet.backend.api;

import org.jspecify.annotations.NullMarked;
