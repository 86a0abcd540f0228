package io.annulet.memory;

/** What a device may do with memory, or needs to do: bits, numbered as in VHOST_ACCESS_RO, WO and RW. */
public final class Access {

    public static final int READ = 1;
    public static final int WRITE = 2;
    public static final int READ_WRITE = READ | WRITE;

    private Access() {}

    /** Whether rights are some, and only known ones. */
    public static boolean isValid(int access) {
        return access >= READ && access <= READ_WRITE;
    }

    /** Whether rights include all that is needed. */
    public static boolean allows(int rights, int needed) {
        return (rights & needed) == needed;
    }
}
