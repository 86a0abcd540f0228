package io.annulet.guest.conform;

/**
 * A buffer that the device gave back.
 *
 * @param writtenByteLength how much the device says it wrote, unsigned 32 bits
 */
record Used(Chain chain, long writtenByteLength) {}
