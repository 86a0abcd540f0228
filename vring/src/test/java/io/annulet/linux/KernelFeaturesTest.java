package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.annulet.linux.KernelFeatures.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class KernelFeaturesTest {

    @Test
    void askingLeavesNothingBehind() throws IOException {
        KernelFeatures.ioUring();
        long before = openDescriptors();
        for (int i = 0; i < 100; i++) {
            KernelFeatures.ioUring();
            KernelFeatures.userFaults();
        }
        assertEquals(before, openDescriptors());
    }

    private static long openDescriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.count();
        }
    }

    /** The setting appears in kernels that have the call. */
    @Test
    void aKernelWithASettingForItIsNotSaidToLackIt() {
        if (Files.exists(Path.of("/proc/sys/kernel/io_uring_disabled"))) {
            assertNotEquals(Answer.MISSING, KernelFeatures.ioUring());
        }
        if (Files.exists(Path.of("/proc/sys/vm/unprivileged_userfaultfd"))) {
            assertNotEquals(Answer.MISSING, KernelFeatures.userFaults());
        }
    }
}
