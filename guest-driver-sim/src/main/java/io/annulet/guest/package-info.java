/**
 * A vhost-user front-end with a virtio-net driver in user space: what a guest does, without a guest.
 */
@NullMarked
package io.annulet.guest;

import org.jspecify.annotations.NullMarked;
