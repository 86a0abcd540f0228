package io.annulet.vfio;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The transport of a modern virtio device: where its structures lie in its BARs, features, status and queues; owned by the
 * driver.
 *
 * <p>Source: VIRTIO 1.2, "Virtio Over PCI Bus".
 */
public final class VirtioPci {

    public static final long VERSION_1 = 1L << 32;
    public static final long ACCESS_PLATFORM = 1L << 33;

    private static final int COMMON = 1;
    private static final int NOTIFY = 2;
    private static final int CAUSES = 3;
    private static final int DEVICE = 4;

    // The common configuration.
    private static final int DEVICE_FEATURE_SELECT = 0;
    private static final int DEVICE_FEATURE = 4;
    private static final int DRIVER_FEATURE_SELECT = 8;
    private static final int DRIVER_FEATURE = 12;
    private static final int CONFIG_VECTOR = 16;
    private static final int STATUS = 20;
    private static final int QUEUE_SELECT = 22;
    private static final int QUEUE_SIZE = 24;
    private static final int QUEUE_VECTOR = 26;
    private static final int QUEUE_ENABLE = 28;
    private static final int QUEUE_NOTIFY_OFFSET = 30;
    private static final int QUEUE_DESCRIPTORS = 32;
    private static final int QUEUE_DRIVER = 40;
    private static final int QUEUE_DEVICE = 48;

    private static final int ACKNOWLEDGE = 1;
    private static final int DRIVER = 2;
    private static final int DRIVER_OK = 4;
    private static final int FEATURES_OK = 8;
    private static final int FAILED = 128;
    private static final int NEEDS_RESET = 64;

    /** Of a queue, or of the configuration, that raises no message. */
    static final int NO_VECTOR = 0xffff;

    private static final int CONFIGURATION_CHANGED = 2;
    private static final int RESET_LOOKS = 1_000_000;

    private final Structure common;
    private final Structure notify;
    private final Structure device;
    private final @Nullable Structure causes;
    private final long notifyMultiplier;

    /** A structure: the BAR it is in, and where it begins. */
    private record Structure(Registers registers, int offset, long byteLength) {}

    private VirtioPci(
            Structure common, Structure notify, Structure device, @Nullable Structure causes, long notifyMultiplier) {
        this.common = common;
        this.notify = notify;
        this.device = device;
        this.causes = causes;
        this.notifyMultiplier = notifyMultiplier;
    }

    /**
     * Finds the structures by the device's capabilities; of each kind the first counts.
     *
     * @param bars maps a BAR
     * @throws VfioException if the device is no modern one
     */
    public static VirtioPci find(PciConfig config, IntFunction<Registers> bars) {
        Map<Integer, Registers> mapped = new HashMap<>();
        Map<Integer, Structure> found = new HashMap<>();
        long multiplier = 0;
        for (PciConfig.Capability capability : config.capabilities()) {
            ConfigSpace space = config.space();
            int at = capability.offset();
            int kind = capability.id() == PciConfig.CAPABILITY_VENDOR ? (int) space.read(at + 3, 1) : 0;
            int bar = kind == 0 ? 0 : (int) space.read(at + 4, 1);
            if (kind < COMMON || kind > DEVICE || bar > 5 || found.containsKey(kind)) {
                continue;
            }
            Registers registers = mapped.computeIfAbsent(bar, bars::apply);
            found.put(kind, new Structure(registers, (int) space.read(at + 8, 4), space.read(at + 12, 4)));
            multiplier = kind == NOTIFY ? space.read(at + 16, 4) : multiplier;
        }
        if (!found.keySet().containsAll(List.of(COMMON, NOTIFY, DEVICE))) {
            throw new VfioException("the device is no modern virtio device", "start its host with disable-legacy=on");
        }
        return new VirtioPci(
                required(found, COMMON),
                required(found, NOTIFY),
                required(found, DEVICE),
                found.get(CAUSES),
                multiplier);
    }

    private static Structure required(Map<Integer, Structure> found, int kind) {
        Structure structure = found.get(kind);
        if (structure == null) {
            throw new IllegalStateException("structure " + kind);
        }
        return structure;
    }

    // Life.

    /** Resets the device and waits until it says that it is. */
    public void reset() {
        status(0);
        for (int i = 0; status() != 0; i++) {
            if (i == RESET_LOOKS) {
                throw new VfioException("the device does not come out of its reset", "restart its host");
            }
            Thread.onSpinWait();
        }
    }

    public long offeredFeatures() {
        long features = 0;
        for (int half = 1; half >= 0; half--) {
            common.registers().storeInt(common.offset() + DEVICE_FEATURE_SELECT, half);
            features = features << 32 | common.registers().loadInt(common.offset() + DEVICE_FEATURE);
        }
        return features;
    }

    /** Says that there is a driver, and acknowledges features that were offered. */
    public void acknowledge(long features) {
        status(ACKNOWLEDGE);
        status(ACKNOWLEDGE | DRIVER);
        for (int half = 0; half < 2; half++) {
            common.registers().storeInt(common.offset() + DRIVER_FEATURE_SELECT, half);
            common.registers().storeInt(common.offset() + DRIVER_FEATURE, features >>> (32 * half));
        }
        status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        if ((status() & FEATURES_OK) == 0) {
            status(FAILED);
            throw new VfioException("the device refuses the features it offered", "use another version of its host");
        }
    }

    public void run() {
        status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    /** Whether the device gave up, because of something that it takes for a mistake of ours. */
    boolean needsReset() {
        return (status() & NEEDS_RESET) != 0;
    }

    private int status() {
        return common.registers().loadByte(common.offset() + STATUS);
    }

    private void status(int status) {
        common.registers().storeByte(common.offset() + STATUS, status);
    }

    /** Has changes of the configuration raise an MSI-X vector. */
    void configVector(int vector) {
        common.registers().storeShort(common.offset() + CONFIG_VECTOR, vector);
    }

    boolean hasCauses() {
        return causes != null;
    }

    /** Has the device let go of its interrupt line; tells whether its configuration has changed. */
    boolean acknowledgeLine() {
        return causes != null && (causes.registers().loadByte(causes.offset()) & CONFIGURATION_CHANGED) != 0;
    }

    // Queues.

    /** The largest size of a queue; 0 if there is no such queue. */
    int maxQueueSize(int queue) {
        common.registers().storeShort(common.offset() + QUEUE_SELECT, queue);
        return common.registers().loadShort(common.offset() + QUEUE_SIZE);
    }

    /**
     * Hands a queue over.
     *
     * @param vector of the message that it raises, or {@link #NO_VECTOR}
     * @return the doorbell for {@link #kick}
     */
    public int enable(int queue, int size, long descriptors, long driver, long deviceRing, int vector) {
        Registers registers = common.registers();
        int base = common.offset();
        registers.storeShort(base + QUEUE_SELECT, queue);
        registers.storeShort(base + QUEUE_SIZE, size);
        registers.storeShort(base + QUEUE_VECTOR, vector);
        if (vector != NO_VECTOR && registers.loadShort(base + QUEUE_VECTOR) == NO_VECTOR) {
            throw new VfioException("the device has no interrupt vector left", "give it more (vectors= of QEMU)");
        }
        List<Long> addresses = new ArrayList<>(List.of(descriptors, driver, deviceRing));
        int[] places = {QUEUE_DESCRIPTORS, QUEUE_DRIVER, QUEUE_DEVICE};
        for (int i = 0; i < places.length; i++) {
            registers.storeInt(base + places[i], addresses.get(i));
            registers.storeInt(base + places[i] + 4, addresses.get(i) >>> 32);
        }
        registers.storeShort(base + QUEUE_ENABLE, 1);
        long offset = notifyMultiplier * registers.loadShort(base + QUEUE_NOTIFY_OFFSET);
        if (offset > notify.byteLength() - 2) {
            throw new VfioException("the device has a queue whose doorbell is outside of it", "use another device");
        }
        return notify.offset() + (int) offset;
    }

    public void kick(int doorbell, int queue) {
        notify.registers().storeShort(doorbell, queue);
    }

    // The device's own configuration.

    int configByte(int offset) {
        return device.registers().loadByte(device.offset() + offset);
    }

    int configShort(int offset) {
        return device.registers().loadShort(device.offset() + offset);
    }
}
