package io.annulet.backend.control;

/** Who is asked for memory that a queue needs and that is not there; used by the control thread. */
@FunctionalInterface
interface MemorySource {

    /**
     * Asks for what stands behind an address, without waiting. The answer comes as another table, or not at all.
     *
     * @param access what the device has to do there: {@link io.annulet.memory.Access}
     * @return false if it cannot be asked now: ask again when the table has changed
     */
    boolean miss(long ioAddress, int access);
}
