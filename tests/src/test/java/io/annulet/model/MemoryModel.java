package io.annulet.model;

/** What the memory between the two sides may do to the order of their accesses. */
enum MemoryModel {
    /** One access after the other, seen by both sides at once. */
    SEQUENTIAL,
    /** Stores wait in a queue of their side before the other one sees them: x86. */
    STORE_BUFFERS,
    /**
     * Stores leave their queue in any order but across a release fence or to one location, and a plain load may see what
     * stood there earlier, back to the last acquire of its side: ARM, and what a compiler may do to plain accesses.
     */
    WEAK
}
