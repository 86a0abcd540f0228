/**
 * Checksums and segmentation: what a virtio-net header may ask for, whether it asks rightly, and how it is done. Works
 * on addresses of memory of our own, and sums bytes of a guest's without deciding anything on them; knows no ports,
 * queues or bursts.
 */
@NullMarked
package io.annulet.backend.offload;

import org.jspecify.annotations.NullMarked;
