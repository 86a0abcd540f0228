/**
 * The virtqueue layouts of VIRTIO 1.2, device half and driver half side by side. Nothing here calls the kernel.
 */
@NullMarked
package io.annulet.vring;

import org.jspecify.annotations.NullMarked;
