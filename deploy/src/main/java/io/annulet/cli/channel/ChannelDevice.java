package io.annulet.cli.channel;

import io.annulet.channel.ChannelLayout;
import io.annulet.channel.Doorbell;
import io.annulet.channel.IvshmemPeer;
import io.annulet.channel.PollingBell;
import io.annulet.cli.CommandFailure;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Mapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A channel's memory as this process has mapped it, and the doorbell that goes with it; of its command's thread. */
final class ChannelDevice implements AutoCloseable {
    private static final Path DEVICES = Path.of("/sys/bus/pci/devices");
    private static final String MEMORY_BAR = "resource2";

    private final Mapping memory;
    private final Doorbell doorbell;
    private final AutoCloseable rest;

    private ChannelDevice(Mapping memory, Doorbell doorbell, AutoCloseable rest) {
        this.memory = memory;
        this.doorbell = doorbell;
        this.rest = rest;
    }

    /** Opens what {@code --device} says. */
    static ChannelDevice open(String spec) {
        int colon = spec.indexOf(':');
        String kind = colon < 0 ? spec : spec.substring(0, colon);
        String target = colon < 0 ? "" : spec.substring(colon + 1);
        try {
            return switch (kind) {
                case "ivshmem" -> ofServer(Path.of(target));
                case "file" -> ofFile(Path.of(target), "check the path, and that this user may write it");
                case "pci" -> ofPci(target.isEmpty() ? find() : target);
                case "vfio" -> VfioIvshmem.open(target.isEmpty() ? find() : target);
                default ->
                    throw new CommandFailure(
                            "there is no device '" + spec + "'", "use pci, vfio:ADDRESS, ivshmem:SOCKET or file:PATH");
            };
        } catch (IllegalStateException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()), "check --device " + spec, e);
        }
    }

    static ChannelDevice of(Mapping memory, Doorbell doorbell, AutoCloseable rest) {
        return new ChannelDevice(memory, doorbell, rest);
    }

    private static ChannelDevice ofServer(Path socket) {
        IvshmemPeer peer = IvshmemPeer.connect(socket);
        return new ChannelDevice(map(peer.memory()), peer, peer);
    }

    private static ChannelDevice ofFile(Path file, String remedy) {
        try (Fd fd = FileDescriptors.openDevice(file, remedy)) {
            return new ChannelDevice(map(fd), new PollingBell(), () -> {});
        }
    }

    private static Mapping map(Fd fd) {
        long byteLength = FileDescriptors.status(fd).byteLength();
        return Mapping.map(fd, 0, byteLength, Mapping.Protection.READ_WRITE);
    }

    private static ChannelDevice ofPci(String address) {
        Path device = DEVICES.resolve(address);
        try {
            Files.writeString(device.resolve("enable"), "1");
        } catch (IOException e) {
            throw new CommandFailure("cannot enable " + device + ": " + e.getMessage(), "run it as root", e);
        }
        return ofFile(device.resolve(MEMORY_BAR), "run it as root, and check that no driver has the device");
    }

    /** The address of the only ivshmem device. */
    private static String find() {
        try (Stream<Path> all = Files.list(DEVICES)) {
            List<String> found = all.filter(ChannelDevice::isIvshmem)
                    .map(path -> path.getFileName().toString())
                    .sorted()
                    .toList();
            if (found.size() != 1) {
                throw new CommandFailure(
                        found.isEmpty() ? "there is no ivshmem device here" : "there are several ivshmem devices",
                        found.isEmpty()
                                ? "give this guest one, or name other memory with --device"
                                : "name one: --device pci:" + String.join(" or pci:", found));
            }
            return found.getFirst();
        } catch (IOException e) {
            throw new CommandFailure("cannot list " + DEVICES, "name the memory with --device", e);
        }
    }

    private static boolean isIvshmem(Path device) {
        try {
            return Files.readString(device.resolve("vendor")).strip().equals("0x1af4")
                    && Files.readString(device.resolve("device")).strip().equals("0x1110");
        } catch (IOException unreadable) {
            return false;
        }
    }

    ChannelLayout layout() {
        return new ChannelLayout(memory.address(), memory.byteLength());
    }

    Doorbell doorbell() {
        return doorbell;
    }

    @Override
    public void close() {
        try {
            rest.close();
        } catch (LinuxException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        } finally {
            memory.close();
        }
    }
}
