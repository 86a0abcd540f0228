package io.annulet.cli.ctl;

import io.annulet.cli.CommandFailure;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Where a command writes frames to: a file that only its user may read, or standard output; stateless. */
final class LocalFile {

    static final String STANDARD_OUTPUT = "-";

    private static final Set<StandardOpenOption> MAKE =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);

    /** What writes. */
    @FunctionalInterface
    interface Writer {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    private LocalFile() {}

    /** Has it written; whoever reads standard output may leave when it has enough. */
    static void write(String file, Writer writer) throws IOException {
        if (file.equals(STANDARD_OUTPUT)) {
            try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
                writer.writeTo(out.getChannel());
            } catch (IOException e) {
                if (!String.valueOf(e.getMessage()).contains("Broken pipe")) {
                    throw e;
                }
            }
            return;
        }
        try (FileChannel out = FileChannel.open(
                Path.of(file),
                MAKE,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            writer.writeTo(out);
        } catch (IOException e) {
            throw new CommandFailure("write " + file + ": " + e.getMessage(), "check the folder and the disk", e);
        }
    }
}
