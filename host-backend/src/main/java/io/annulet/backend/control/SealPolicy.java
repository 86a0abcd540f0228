package io.annulet.backend.control;

/** What becomes of shared memory that cannot be sealed against shrinking: hugetlbfs files, files in /dev/shm. */
public enum SealPolicy {
    /** It is accepted and marked. A front-end that truncates it loses its port, and nothing else happens. */
    AUTO,
    /** It is refused. */
    REQUIRE
}
