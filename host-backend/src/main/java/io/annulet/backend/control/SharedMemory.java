package io.annulet.backend.control;

import io.annulet.backend.port.GuestPort;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The memory of the front-end that is connected to a port; asked by workers. */
final class SharedMemory implements GuestPort.MemoryCheck {

    private final Supplier<@Nullable Device> device;

    SharedMemory(Supplier<@Nullable Device> device) {
        this.device = device;
    }

    @Override
    public boolean isWhole() {
        Device current = device.get();
        return current == null || current.isMemoryWhole();
    }

    @Override
    public boolean mayLackPages() {
        Device current = device.get();
        return current != null && current.mayLackPages();
    }
}
