package io.annulet.cli.bench;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.DriverVring;
import io.annulet.guest.GuestRam;
import io.annulet.guest.NetDriver;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.RamOptions;
import io.annulet.vfio.ConfigSpace;
import io.annulet.vfio.PciConfig;
import io.annulet.vfio.Registers;
import io.annulet.vfio.VirtioPci;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A guest whose memory and driver are ours, and whose device is QEMU's own virtio-net: its processor sleeps for good, so what
 * QEMU uses of ours is what its device and its back-end cost. Used by one thread at a time.
 */
final class QtestGuest implements SegmentSender.Guest {

    static final int SLOT = 4;

    private static final int ROM_BYTES = 1 << 16;

    /** A ring at address 0 is none to QEMU, and some of the first megabyte of a PC is no memory. */
    private static final long NOT_USED_BYTES = 1 << 20;

    private static final long FIRST_BAR_ADDRESS = 0xe000_0000L;
    private static final long BAR_STEP = 1 << 20;
    private static final int FIRST_BAR = 0x10;
    private static final int TRANSMIT = 1;

    private final GuestRam ram;
    private final NetDriver driver;
    private final Qtest qtest;
    private final VirtioPci device;
    private final int doorbell;

    private QtestGuest(GuestRam ram, NetDriver driver, Qtest qtest, VirtioPci device, int doorbell) {
        this.ram = ram;
        this.driver = driver;
        this.qtest = qtest;
        this.device = device;
        this.doorbell = doorbell;
    }

    /** Memory for a guest with one pair of queues, before its QEMU is started. */
    static GuestRam memory(QueueOptions options) {
        long byteLength = NOT_USED_BYTES + NetDriver.ramByteLength(options, 1);
        long whole = Long.highestOneBit(2 * byteLength - 1);
        return GuestRam.create(new RamOptions(
                List.of(new RamOptions.Range(0, RamOptions.USER_BASE, whole)),
                RamOptions.Backing.SHM_FILE,
                false,
                true));
    }

    /** Writes firmware that halts the processor for good: cli, hlt, and back to it, at the reset vector. */
    static void writeFirmware(Path file) {
        byte[] rom = new byte[ROM_BYTES];
        System.arraycopy(new byte[] {(byte) 0xfa, (byte) 0xf4, (byte) 0xeb, (byte) 0xfd}, 0, rom, ROM_BYTES - 16, 4);
        try {
            Files.write(file, rom);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How QEMU is told of the machine; the device is on {@code netdev}. */
    static List<String> command(GuestRam ram, Path firmware, Path socket, String netdev) {
        long megabytes = ram.regions().getFirst().byteLength() >> 20;
        String file = "/proc/" + ProcessHandle.current().pid() + "/fd/"
                + ram.regions().getFirst().file().number();
        return List.of(
                "qemu-system-x86_64",
                "-nodefaults",
                "-display",
                "none",
                "-machine",
                "pc,memory-backend=memory",
                "-m",
                megabytes + "M",
                "-object",
                "memory-backend-file,id=memory,share=on,size=" + megabytes + "M,mem-path=" + file,
                "-accel",
                "tcg",
                "-bios",
                firmware.toString(),
                "-qtest",
                "unix:" + socket + ",server=on,wait=off",
                "-qtest-log",
                "none",
                "-netdev",
                netdev + ",id=net",
                "-device",
                "virtio-net-pci,netdev=net,disable-legacy=on,addr=" + SLOT);
    }

    /** Brings the device up. */
    static QtestGuest start(Child qemu, Path socket, GuestRam ram, QueueOptions options, long features)
            throws InterruptedException {
        Qtest qtest = Qtest.connect(qemu, socket);
        ram.allocate(NOT_USED_BYTES, 1);
        NetDriver driver = new NetDriver(ram, options, 1);
        ConfigSpace space = qtest.configSpace(SLOT);
        PciConfig config = new PciConfig(space);
        VirtioPci device = VirtioPci.find(config, bar -> placed(qtest, space, bar));
        config.enableBusMaster(true);
        device.reset();
        device.acknowledge(device.offeredFeatures() & features);
        driver.start(device.offeredFeatures() & features);
        int doorbell = 0;
        for (DriverVring vring : driver.vrings()) {
            doorbell = device.enable(
                    vring.index(),
                    vring.ring().size(),
                    ram.guestAddressOf(vring.ring().descriptorHostAddress()),
                    ram.guestAddressOf(vring.ring().availHostAddress()),
                    ram.guestAddressOf(vring.ring().usedHostAddress()),
                    0);
        }
        device.run();
        return new QtestGuest(ram, driver, qtest, device, doorbell);
    }

    private static Registers placed(Qtest qtest, ConfigSpace space, int bar) {
        long address = FIRST_BAR_ADDRESS + bar * BAR_STEP;
        space.write(FIRST_BAR + 4 * bar, 4, address);
        return qtest.registers(address);
    }

    @Override
    public DriverTransmitQueue queue() {
        return driver.transmitQueue(0);
    }

    @Override
    public void kicked() {
        device.kick(doorbell, TRANSMIT);
    }

    @Override
    public void close() {
        qtest.close();
        driver.close();
        ram.close();
    }
}
