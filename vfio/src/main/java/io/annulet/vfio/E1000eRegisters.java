package io.annulet.vfio;

/**
 * The registers of an Intel 82574L that the driver uses, by their offset in BAR 0.
 *
 * <p>Source: Intel 82574 GbE Controller Family Datasheet, "Driver Programming Interface".
 */
final class E1000eRegisters {

    static final int CTRL = 0x0000;
    static final int STATUS = 0x0008;
    static final int CTRL_EXT = 0x0018;
    static final int ICR = 0x00c0;
    static final int ICS = 0x00c8;
    static final int IMS = 0x00d0;
    static final int IMC = 0x00d8;
    static final int EIAC = 0x00dc;
    static final int IVAR = 0x00e4;
    static final int RCTL = 0x0100;
    static final int TCTL = 0x0400;
    static final int TIPG = 0x0410;
    static final int RDBAL = 0x2800;
    static final int RDBAH = 0x2804;
    static final int RDLEN = 0x2808;
    static final int RDH = 0x2810;
    static final int RDT = 0x2818;
    static final int RDTR = 0x2820;
    static final int RADV = 0x282c;
    static final int TDBAL = 0x3800;
    static final int TDBAH = 0x3804;
    static final int TDLEN = 0x3808;
    static final int TDH = 0x3810;
    static final int TDT = 0x3818;
    static final int TIDV = 0x3820;
    static final int TXDCTL = 0x3828;
    static final int MPC = 0x4010;
    static final int RXCSUM = 0x5000;
    static final int RFCTL = 0x5008;
    static final int MTA = 0x5200;
    static final int RAL0 = 0x5400;
    static final int RAH0 = 0x5404;

    static final int MTA_COUNT = 128;
    static final int RECEIVE_ADDRESSES = 15;

    static final long CTRL_SET_LINK_UP = 1 << 6;
    static final long CTRL_RESET = 1 << 26;
    static final long STATUS_LINK_UP = 1 << 1;
    static final long RCTL_ENABLE = 1 << 1;
    static final long RCTL_UNICAST_PROMISCUOUS = 1 << 3;
    static final long RCTL_MULTICAST_PROMISCUOUS = 1 << 4;
    static final long RCTL_LONG_FRAMES = 1 << 5;
    static final long RCTL_BROADCAST = 1 << 15;
    static final long RCTL_STRIP_CRC = 1 << 26;
    static final long TCTL_ENABLE = 1 << 1;
    static final long TCTL_PAD_SHORT = 1 << 3;
    /** Collision threshold and distance, of which full duplex makes no use, at the values that the datasheet asks for. */
    static final long TCTL_COLLISIONS = 0x0fL << 4 | 0x3fL << 12;

    static final long TIPG_COPPER = 8 | 8 << 10 | 7 << 20;
    /** Bit 22 has to be set; a descriptor is written back when it is done. */
    static final long TXDCTL_DESCRIPTORS = 1 << 22 | 1 << 24;

    static final long RAH_VALID = 1L << 31;

    /** Causes of MSI-X: receive queue 0, transmit queue 0, and all others; the last of those is the link. */
    static final long CAUSE_RECEIVE_QUEUE = 1 << 20;

    static final long CAUSE_TRANSMIT_QUEUE = 1 << 22;
    static final long CAUSE_OTHER = 1 << 24;
    static final long CAUSE_LINK = 1 << 2;

    /** Both queues on vector 0, all else on vector 1, each field valid; and one for every written descriptor. */
    static final long IVAR_QUEUES_THEN_REST = 0x8 | 0x8 << 8 | 0x9 << 16 | 1L << 31;

    static final long EVERYTHING = 0xffff_ffffL;

    private E1000eRegisters() {}

    /** The bits of RCTL that say how long receive buffers are. */
    static long bufferSize(int byteLength) {
        return switch (byteLength) {
            case 2048 -> 0;
            case 4096 -> 3 << 16 | 1 << 25;
            case 8192 -> 2 << 16 | 1 << 25;
            case 16384 -> 1 << 16 | 1 << 25;
            default -> throw new IllegalArgumentException("receive buffers of " + byteLength + " bytes");
        };
    }
}
