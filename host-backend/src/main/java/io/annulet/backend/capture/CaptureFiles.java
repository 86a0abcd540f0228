package io.annulet.backend.capture;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A capture's file, or files with numbers in their names of which only so many are kept; used by one thread at a time. Only
 * their owner may read them: frames are nobody else's business.
 */
final class CaptureFiles implements CaptureSink {

    private static final Set<StandardOpenOption> MAKE =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);

    private final Path file;
    private final boolean isNumbered;
    private final int mostFiles;
    private final Deque<Path> files = new ArrayDeque<>();
    private int number;
    private Path current;
    private @Nullable FileChannel channel;
    private long byteLength;

    /** @param mostFiles that are kept, 0 for all */
    CaptureFiles(Path file, boolean isNumbered, int mostFiles) throws IOException {
        this.file = file;
        this.isNumbered = isNumbered;
        this.mostFiles = mostFiles;
        this.current = file;
        next();
    }

    @Override
    public void next() throws IOException {
        close();
        number++;
        current = isNumbered ? numbered(number) : file;
        channel = FileChannel.open(
                current, MAKE, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        byteLength = 0;
        files.add(current);
        if (isNumbered && mostFiles > 0 && files.size() > mostFiles) {
            Files.deleteIfExists(files.remove());
        }
    }

    private Path numbered(int which) {
        String name = String.valueOf(file.getFileName());
        int dot = name.lastIndexOf('.');
        String stem = dot > 0 ? name.substring(0, dot) : name;
        return file.resolveSibling(stem + String.format("-%05d", which) + (dot > 0 ? name.substring(dot) : ""));
    }

    @Override
    public void write(ByteBuffer blocks) throws IOException {
        FileChannel open = channel;
        if (open == null) {
            throw new IOException("closed");
        }
        int begin = blocks.position();
        try {
            while (blocks.hasRemaining()) {
                open.write(blocks);
            }
        } catch (IOException e) {
            cutOffAfterWholeBlocks(open, blocks, begin, e);
            byteLength += blocks.position() - begin;
            if (isNoRoom(e)) {
                throw new NoRoomException(e);
            }
            throw e;
        }
        byteLength += blocks.position() - begin;
    }

    private void cutOffAfterWholeBlocks(FileChannel open, ByteBuffer blocks, int begin, IOException why) {
        int written = blocks.position();
        int whole = begin;
        ByteBuffer lengths = blocks.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        while (whole < written && whole + lengths.getInt(whole + Integer.BYTES) <= written) {
            whole += lengths.getInt(whole + Integer.BYTES);
        }
        blocks.position(whole);
        try {
            open.truncate(byteLength + (whole - begin));
            open.position(byteLength + (whole - begin));
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /** The JDK gives no number, but the C library's words. */
    private static boolean isNoRoom(IOException e) {
        String words = String.valueOf(e.getMessage());
        return words.contains("No space left on device") || words.contains("Disk quota exceeded");
    }

    @Override
    public long byteLength() {
        return byteLength;
    }

    @Override
    public String where() {
        return current.toString();
    }

    @Override
    public void close() throws IOException {
        FileChannel open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }
}
