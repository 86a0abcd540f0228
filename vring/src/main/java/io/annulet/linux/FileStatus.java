package io.annulet.linux;

/**
 * What the kernel tells about an open file.
 *
 * @param type kind of file
 * @param permissions the lower twelve bits of its mode
 * @param byteLength size of its content
 * @param inode number within its device
 * @param device the device that holds it, major number in the upper 32 bits
 * @param blocks 512-byte blocks that are really allocated
 * @param owner user id
 * @param group group id
 * @param fileSystemMagic kind of file system, such as {@link #HUGETLBFS_MAGIC}; see statfs(2)
 * @param fileSystemBlockByteLength block size of the file system; on hugetlbfs the size of a huge page, of which mapping
 *     offsets and lengths must be multiples
 * @param fileSystemBlocks blocks that the file system may hold; 0 if nothing limits it, or if it does not say
 * @param fileSystemFreeBlocks blocks that are left of them
 */
public record FileStatus(
        Type type,
        int permissions,
        long byteLength,
        long inode,
        long device,
        long blocks,
        int owner,
        int group,
        long fileSystemMagic,
        long fileSystemBlockByteLength,
        long fileSystemBlocks,
        long fileSystemFreeBlocks) {

    private static final int BLOCK_BYTES = 512;

    public static final long HUGETLBFS_MAGIC = 0x958458f6L;
    public static final long TMPFS_MAGIC = 0x01021994L;

    /** The kinds of files of inode(7). */
    public enum Type {
        REGULAR,
        DIRECTORY,
        CHARACTER_DEVICE,
        BLOCK_DEVICE,
        FIFO,
        SOCKET,
        SYMBOLIC_LINK,
        /** No type bits: eventfd, epoll and others without a name. */
        ANONYMOUS;

        static Type ofMode(int mode) {
            return switch ((mode >> 12) & 0xf) {
                case 0x1 -> FIFO;
                case 0x2 -> CHARACTER_DEVICE;
                case 0x4 -> DIRECTORY;
                case 0x6 -> BLOCK_DEVICE;
                case 0x8 -> REGULAR;
                case 0xa -> SYMBOLIC_LINK;
                case 0xc -> SOCKET;
                default -> ANONYMOUS;
            };
        }
    }

    /**
     * Whether touching the file's memory may fail although the file is long enough: it has holes, and its file system is full.
     * Of huge pages it is not known whether there are any left.
     */
    public boolean mayLackPages() {
        boolean isFull = isOnHugetlbfs() || (fileSystemBlocks > 0 && fileSystemFreeBlocks == 0);
        return isFull && blocks * BLOCK_BYTES < byteLength;
    }

    public boolean isOnHugetlbfs() {
        return fileSystemMagic == HUGETLBFS_MAGIC;
    }

    /** Whether both describe one file. */
    public boolean isSameFile(FileStatus other) {
        return inode == other.inode && device == other.device;
    }
}
