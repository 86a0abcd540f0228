package io.annulet.backend.control;

/**
 * What one front-end's memory is shared with one party beside this process, such as a NIC; owned by the control thread.
 */
interface MemoryShares extends AutoCloseable {

    /** Shares what is new in a table that is about to be in force. */
    void addNew(MemoryTable next);

    /** The worker has left a region: it is not read any more, and is about to be unmapped. */
    void remove(MappedRegion region);

    /** All regions have been removed. */
    @Override
    void close();
}
