package io.annulet.linux;

/**
 * Where the fields of io_uring's shared structures lie, stateless. From include/uapi/linux/io_uring.h of Linux.
 *
 * <pre>
 * struct io_uring_sqe, 64 bytes: one request
 * 0        1       2        4    8        16        24       28      32     40           42          44   64
 * | opcode | flags | ioprio | fd | offset | address | length | flags | tag  | buffer idx | credits   | ... |
 *
 * struct io_uring_cqe, 16 bytes: one completion
 * 0     8        12      16
 * | tag | result | flags |
 *
 * struct io_uring_params, 120 bytes: asked for and answered at set-up
 * 0            4            8       12       16          20         24         40          80          120
 * | sq entries | cq entries | flags | sq cpu | sq idle   | features | ...      | sq offsets | cq offsets |
 *
 * sq offsets: 0 head  4 tail  8 mask  12 entries  16 flags     20 dropped  24 array
 * cq offsets: 0 head  4 tail  8 mask  12 entries  16 overflow  20 cqes
 * </pre>
 */
final class IoUringLayout {
    static final int PARAMS_BYTES = 120;
    static final int PARAMS_SQ_ENTRIES = 0;
    static final int PARAMS_CQ_ENTRIES = 4;
    static final int PARAMS_FLAGS = 8;
    static final int PARAMS_FEATURES = 20;
    static final int PARAMS_SQ_OFFSETS = 40;
    static final int PARAMS_CQ_OFFSETS = 80;

    static final int OFFSET_HEAD = 0;
    static final int OFFSET_TAIL = 4;
    static final int OFFSET_SQ_ARRAY = 24;
    static final int OFFSET_CQ_CQES = 20;

    static final int SQE_BYTES = 64;
    static final int SQE_OPCODE = 0;
    static final int SQE_FLAGS = 1;
    static final int SQE_FD = 4;
    static final int SQE_OFFSET = 8;
    static final int SQE_ADDRESS = 16;
    static final int SQE_LENGTH = 24;
    static final int SQE_TAG = 32;
    static final int SQE_BUFFER_INDEX = 40;

    static final int CQE_BYTES = 16;
    static final int CQE_TAG = 0;
    static final int CQE_RESULT = 8;

    /** Where mmap finds the rings and the requests. */
    static final long MAP_RINGS = 0;

    static final long MAP_SQES = 0x1000_0000L;

    /** The request's file is an index of those registered. */
    static final int SQE_FLAG_FIXED_FILE = 1;

    /** A request that is refused does not keep those behind it from being submitted. Linux 5.18. */
    static final int SETUP_SUBMIT_ALL = 1 << 7;

    /** Both rings are one mapping. Linux 5.4. */
    static final int FEATURE_SINGLE_MMAP = 1;

    /** The offset -1 means the file's own position. Linux 5.6, as are READ and WRITE. */
    static final int FEATURE_CURRENT_POSITION = 1 << 3;

    static final int ENTER_GETEVENTS = 1;

    static final int REGISTER_BUFFERS = 0;
    static final int REGISTER_FILES = 2;

    static final int OP_NOP = 0;
    static final int OP_READV = 1;
    static final int OP_WRITEV = 2;
    static final int OP_READ_FIXED = 4;
    static final int OP_WRITE_FIXED = 5;
    static final int OP_READ = 22;
    static final int OP_WRITE = 23;

    private IoUringLayout() {}
}
