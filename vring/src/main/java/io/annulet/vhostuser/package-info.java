/**
 * The vhost-user protocol as tables: message ids, sizes, descriptor counts, feature bits and payload layouts, from QEMU
 * 10's vhost-user.rst. No input or output: the front-end and the back-end each have their own, and both read these.
 */
@NullMarked
package io.annulet.vhostuser;

import org.jspecify.annotations.NullMarked;
