package io.annulet.linux;

/** The capabilities of capabilities(7) that Annulet can use, with their bit numbers. */
public enum Capability {
    CAP_CHOWN(0),
    CAP_NET_ADMIN(12),
    CAP_NET_RAW(13),
    CAP_IPC_LOCK(14),
    CAP_SYS_RAWIO(17),
    CAP_SYS_ADMIN(21),
    CAP_SYS_NICE(23),
    CAP_SYS_RESOURCE(24),
    CAP_BPF(39);

    private final int bit;

    Capability(int bit) {
        this.bit = bit;
    }

    int bit() {
        return bit;
    }
}
