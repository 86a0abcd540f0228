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
    static final int CRCERRS = 0x4000;
    static final int RXERRC = 0x400c;
    static final int MPC = 0x4010;
    static final int GPRC = 0x4074;
    static final int BPRC = 0x4078;
    static final int MPRC = 0x407c;
    static final int GPTC = 0x4080;
    static final int GORCL = 0x4088;
    static final int GOTCL = 0x4090;
    static final int RNBC = 0x40a0;
    static final int RUC = 0x40a4;
    static final int ROC = 0x40ac;
    static final int TSCTC = 0x40f8;
    static final int RXCSUM = 0x5000;
    static final int RFCTL = 0x5008;
    static final int MTA = 0x5200;
    static final int RAL0 = 0x5400;
    static final int RAH0 = 0x5404;

    static final int MTA_COUNT = 128;
    static final int GROUP_HASHES = 32 * MTA_COUNT;
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

    /** Causes of the interrupt line, beside the link: frames came, frames have left. */
    static final long CAUSE_RECEIVED = 1 << 7;

    static final long CAUSE_SENT = 1;

    /** Both queues on vector 0, all else on vector 1, each field valid; and one for every written descriptor. */
    static final long IVAR_QUEUES_THEN_REST = 0x8 | 0x8 << 8 | 0x9 << 16 | 1L << 31;

    static final long EVERYTHING = 0xffff_ffffL;

    private E1000eRegisters() {}

    /** Which bit of MTA stands for a group address: twelve bits of its last two bytes, as RCTL has it after a reset. */
    static int groupHash(long address) {
        return (int) (address >>> 36) & (GROUP_HASHES - 1);
    }

    /** The register of a statistic, or of its lower half. Reading clears it; of two halves, reading the upper one does. */
    static int statistic(NicStatistic which) {
        return switch (which) {
            case MISSED -> MPC;
            case NO_BUFFER -> RNBC;
            case RECEIVED -> GPRC;
            case RECEIVED_BYTES -> GORCL;
            case RECEIVED_BROADCAST -> BPRC;
            case RECEIVED_GROUP -> MPRC;
            case CRC_ERRORS -> CRCERRS;
            case RECEIVE_ERRORS -> RXERRC;
            case TOO_SHORT -> RUC;
            case TOO_LONG -> ROC;
            case SENT -> GPTC;
            case SENT_BYTES -> GOTCL;
            case CUT -> TSCTC;
        };
    }

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
