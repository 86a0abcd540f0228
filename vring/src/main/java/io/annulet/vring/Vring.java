package io.annulet.vring;

/** The memory of a virtqueue, in one of the two layouts of VIRTIO 1.2: all the halves need to know of it in common. */
public sealed interface Vring permits SplitRing, PackedRing {

    /** Number of descriptors. */
    int size();

    /** Where its descriptors lie. */
    long descriptorsAddress();
}
