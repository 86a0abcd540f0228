package io.annulet.vhostuser;

/**
 * The kinds of payload and the sizes one of each may have: {@code minBytes}, and on in steps of {@code stepBytes} up to
 * {@code maxBytes}. {@link MessageLayout} draws them.
 */
public enum Payload {
    NOTHING(0),
    U64(8),
    /** A vring's index and a number. */
    VRING_STATE(8),
    VRING_ADDRESS(40),
    /** One to eight regions. */
    MEMORY_TABLE(8 + 32, 8 + 8 * 32, 32),
    SINGLE_REGION(40),
    LOG(16),
    /** QEMU pads the 26 bytes to 32. */
    IOTLB(32),
    /** 12 bytes, and as many of configuration space as they say. */
    CONFIG(12, 12 + 256, 1),
    CRYPTO_SESSION(0, 4096, 1),
    /** 20 bytes, or 24 as C pads them. */
    INFLIGHT(20, 24, 4),
    UUID(16),
    /** Direction and phase, 4 bytes each. */
    DEVICE_STATE(8),
    /** A vring in a u64, size and offset. */
    VRING_AREA(24),
    SHMEM_MAP(40);

    /** The largest payload of any message, replies included (GET_SHMEM_CONFIG: 8 + 256 * 8). */
    public static final int MAX_BYTES = 4096;

    private final int minBytes;
    private final int maxBytes;
    private final int stepBytes;

    Payload(int bytes) {
        this(bytes, bytes, 1);
    }

    Payload(int minBytes, int maxBytes, int stepBytes) {
        this.minBytes = minBytes;
        this.maxBytes = maxBytes;
        this.stepBytes = stepBytes;
    }

    public int minBytes() {
        return minBytes;
    }

    public int maxBytes() {
        return maxBytes;
    }

    /** Whether a payload of this kind may be this long: a size as the header gives it, unsigned 32 bits. */
    public boolean accepts(long byteLength) {
        return byteLength >= minBytes && byteLength <= maxBytes && (byteLength - minBytes) % stepBytes == 0;
    }
}
