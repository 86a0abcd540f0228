package io.annulet.vhostuser;

/**
 * Where the fields of a message lie, in bytes from the start of the header or of the payload; little-endian on the
 * machines that Annulet runs on. From vhost-user, QEMU 10, "Message Specification".
 *
 * <pre>
 * header                    0           4          8         12
 *                           | request   | flags    | size    | payload ...
 *                             flags: bits 0-1 version (1), bit 2 reply, bit 3 need_reply
 * vring state               0           4          8
 *                           | index     | num      |
 * vring in a u64            0                      8          KICK, CALL, ERR
 *                           | bits 0-7 index, bit 8 no descriptor |
 * vring address             0       4       8            16     24          32           40
 *                           | index | flags | descriptor | used | available | log        |
 * memory table              0       4         8
 *                           | count | padding | region [count]
 * region, 32 bytes          0               8      16             24                     32
 *                           | guest address | size | user address | offset in the file   |
 * single region             0         8                                                  40
 *                           | padding | region                                           |
 * log                       0      8        16
 *                           | size | offset |
 * configuration space       0        4      8       12
 *                           | offset | size | flags | bytes ...
 * in-flight area            0           8             16         18           20
 *                           | mmap size | mmap offset | queues   | queue size |
 * address translation       0      8      16             24           25     26       32
 *                           | iova | size | user address | permission | type | padding |
 * </pre>
 *
 * With packed rings the num of SET_VRING_BASE and GET_VRING_BASE holds the available index in bits 0-14, its wrap
 * counter in bit 15, the used index in bits 16-30 and its wrap counter in bit 31.
 */
public final class MessageLayout {
    public static final int HEADER_BYTES = 12;
    public static final int HEADER_REQUEST = 0;
    public static final int HEADER_FLAGS = 4;
    public static final int HEADER_SIZE = 8;

    public static final int VERSION = 1;
    public static final int VERSION_MASK = 3;
    public static final int FLAG_REPLY = 4;
    public static final int FLAG_NEED_REPLY = 8;

    /** Descriptors a message may carry. */
    public static final int MAX_FDS = 8;

    public static final int STATE_INDEX = 0;
    public static final int STATE_NUM = 4;

    public static final long VRING_INDEX_MASK = 0xff;
    public static final long VRING_NO_FD = 0x100;

    public static final int ADDRESS_INDEX = 0;
    public static final int ADDRESS_FLAGS = 4;
    public static final int ADDRESS_DESCRIPTOR = 8;
    public static final int ADDRESS_USED = 16;
    public static final int ADDRESS_AVAILABLE = 24;
    public static final int ADDRESS_LOG = 32;
    /** VHOST_VRING_F_LOG in the flags of a vring address: writes to the used ring are logged. */
    public static final int ADDRESS_FLAG_LOG = 1;

    public static final int TABLE_COUNT = 0;
    public static final int TABLE_REGIONS = 8;
    /** Regions a SET_MEM_TABLE may have. */
    public static final int TABLE_MAX_REGIONS = 8;

    public static final int REGION_BYTES = 32;
    public static final int REGION_GUEST_ADDRESS = 0;
    public static final int REGION_SIZE = 8;
    public static final int REGION_USER_ADDRESS = 16;
    public static final int REGION_FILE_OFFSET = 24;
    /** Where the region of ADD_MEM_REG and REM_MEM_REG begins. */
    public static final int SINGLE_REGION = 8;

    public static final int LOG_SIZE = 0;
    public static final int LOG_OFFSET = 8;

    public static final int CONFIG_OFFSET = 0;
    public static final int CONFIG_SIZE = 4;
    public static final int CONFIG_FLAGS = 8;
    public static final int CONFIG_BYTES = 12;
    /** In the flags of SET_CONFIG: not the driver writes, but a front-end after a migration. */
    public static final int CONFIG_FLAG_MIGRATION = 1;

    public static final int INFLIGHT_MMAP_SIZE = 0;
    public static final int INFLIGHT_MMAP_OFFSET = 8;
    public static final int INFLIGHT_QUEUES = 16;
    public static final int INFLIGHT_QUEUE_SIZE = 18;

    public static final int IOTLB_IOVA = 0;
    public static final int IOTLB_SIZE = 8;
    public static final int IOTLB_USER_ADDRESS = 16;
    public static final int IOTLB_PERMISSION = 24;
    public static final int IOTLB_TYPE = 25;
    public static final int IOTLB_READ_WRITE = 3;
    /** Types: the back-end asks, the front-end tells and takes back, the back-end was refused. */
    public static final int IOTLB_MISS = 1;

    public static final int IOTLB_UPDATE = 2;
    public static final int IOTLB_INVALIDATE = 3;
    public static final int IOTLB_ACCESS_FAIL = 4;

    /** The status of a reply that REPLY_ACK asks for. */
    public static final long ACK_SUCCESS = 0;

    private MessageLayout() {}
}
