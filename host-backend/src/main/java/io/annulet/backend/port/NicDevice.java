package io.annulet.backend.port;

import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import io.annulet.vfio.Interrupts;
import io.annulet.vfio.IovaSpace;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicDrivers;
import io.annulet.vfio.NicMemory;
import io.annulet.vfio.VfioDevice;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A NIC as the kernel handed it over, and the port that works it; opened and closed on the control path.
 *
 * <p>What is undone has an order: the worker leaves the port, which stops the NIC; the device is closed, which stops it
 * again and takes all memory from it; only then memory of ours is unmapped. Memory of guests is taken out one by one
 * before, or with the container.
 */
public final class NicDevice implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NicDevice.class);
    private static final int MOST_TRANSMIT_FRAMES = 512;
    private static final int MOST_RECEIVE_BUFFERS = 256;

    private final String name;
    private final VfioDevice device;
    private final NicMemory memory;
    private final NicMemoryMap map;
    private final NicPort port;
    private final PortCounters counters;
    private final Interrupts interrupts;
    private final List<EventFd> events;

    private NicDevice(
            String name,
            NicPortOptions options,
            VfioDevice device,
            IovaSpace space,
            NicMemory memory,
            PortCounters counters) {
        this.name = name;
        this.device = device;
        this.memory = memory;
        this.counters = counters;
        this.map = new NicMemoryMap(device.container(), space);
        EventFd queues = EventFd.create(true, 0);
        EventFd others = EventFd.create(true, 0);
        EventFd request = EventFd.create(true, 0);
        this.events = List.of(queues, others, request);
        this.interrupts = device.interrupts();
        device.useInterrupts(interrupts, queues, others);
        device.watchErrors(others);
        device.watchRequests(request);
        Nic nic = NicDrivers.drive(device, memory, options.receiveBytes(), interrupts);
        checkMtu(options, nic);
        LOG.info(
                "port {}: NIC {}, {}, interrupts by {}",
                name,
                device.address(),
                nic.limits().driver(),
                interrupts == Interrupts.LINE ? "its line" : "messages");
        this.port = new NicPort(
                name, options, counters, nic, memory, map, new FromPort(), new NicPort.Events(queues, others, request));
    }

    /**
     * Opens a NIC.
     *
     * @throws io.annulet.vfio.VfioException if it cannot be had; the message says what to do
     */
    public static NicDevice open(String name, NicPortOptions options, PortCounters counters) {
        VfioDevice device = VfioDevice.open(options.address(), options.evenWithoutReset());
        NicMemory memory = null;
        boolean opened = false;
        try {
            IovaSpace space = new IovaSpace(device.container().info().iovaRanges());
            memory = NicMemory.create(
                    device.container(),
                    space,
                    NicDrivers.readBytes() + NicTransmit.byteLength(MOST_TRANSMIT_FRAMES),
                    NicDrivers.writtenBytes() + NicReceive.byteLength(MOST_RECEIVE_BUFFERS, options.receiveBytes()),
                    NicDrivers.ringBytes());
            NicDevice it = new NicDevice(name, options, device, space, memory, counters);
            opened = true;
            return it;
        } finally {
            if (!opened) {
                device.close();
                if (memory != null) {
                    memory.close();
                }
            }
        }
    }

    private static void checkMtu(NicPortOptions options, Nic nic) {
        int most = nic.limits().maxMtu();
        if (options.mtu() > most) {
            throw new IllegalArgumentException(
                    "mtu=" + options.mtu() + " is more than this NIC has: use up to " + most);
        }
    }

    public NicPort port() {
        return port;
    }

    /** How it is doing; asked by any thread. */
    public NicStatus status() {
        return port.status();
    }

    /** What of guests' memory the NIC may read. */
    public NicMemoryMap map() {
        return map;
    }

    public PortCounters counters() {
        return counters;
    }

    /** After the worker has left the port, and all guests have taken their memory out. */
    @Override
    public void close() {
        device.close();
        memory.close();
        events.forEach(EventFd::close);
    }

    /** What the port asks and tells, on its worker. */
    private final class FromPort implements NicPort.Device {

        @Override
        public boolean hasErrors() {
            return device.config().takeErrors() != 0;
        }

        @Override
        public boolean isThere() {
            return device.config().isThere();
        }

        @Override
        public Interrupts interrupts() {
            return interrupts;
        }

        @Override
        public void unmaskLine() {
            device.unmaskIntx();
        }

        /** The kernel waits for the device to be closed, which takes too long for a worker. */
        @Override
        public void onStopped(NicPort.Stop why) {
            Thread.ofPlatform().daemon().name("close-" + name).start(() -> {
                LOG.warn(
                        "port {}: NIC {} was stopped: {}; start the back-end anew to use it again",
                        name,
                        device.address(),
                        why.name().toLowerCase(Locale.ROOT).replace('_', ' '));
                device.close();
            });
        }
    }
}
