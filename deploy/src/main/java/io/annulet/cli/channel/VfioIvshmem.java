package io.annulet.cli.channel;

import io.annulet.channel.Doorbell;
import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.vfio.VfioDevice;
import java.util.List;

/**
 * The doorbell of a guest's ivshmem device through VFIO: the other end's interrupt raises an eventfd here, and a register
 * raises the other's. Used by one thread.
 *
 * <p>Registers, of docs/specs/ivshmem-spec.rst of QEMU: at 8 the number of this peer; at 12 the doorbell, which takes the
 * number of the peer to ring in its upper half and the vector in its lower.
 */
final class VfioIvshmem implements Doorbell {
    private static final int REGISTERS_BAR = 0;
    private static final int MEMORY_BAR = 2;
    private static final int OWN_NUMBER = 8;
    private static final int DOORBELL = 12;
    private static final int REGISTER_BYTES = 4;
    private static final int VECTOR_BITS = 16;

    private final VfioDevice device;
    private final EventFd rung;
    private final int ownNumber;

    private VfioIvshmem(VfioDevice device, EventFd rung) {
        this.device = device;
        this.rung = rung;
        this.ownNumber = (int) device.readRegister(REGISTERS_BAR, OWN_NUMBER, REGISTER_BYTES);
    }

    static ChannelDevice open(String address) {
        // It does no DMA, so that it cannot be reset does not matter.
        VfioDevice device = VfioDevice.open(address, true);
        EventFd rung = EventFd.create(true, 0);
        // An interrupt is a write to memory too.
        device.config().enableBusMaster(true);
        device.useMsix(List.of(rung));
        Mapping memory = device.memory(MEMORY_BAR);
        return ChannelDevice.of(memory, new VfioIvshmem(device, rung), () -> {
            device.close();
            rung.close();
        });
    }

    @Override
    public int number() {
        return ownNumber;
    }

    @Override
    public void ring(int number) {
        if (number >= 0) {
            device.writeRegister(REGISTERS_BAR, DOORBELL, REGISTER_BYTES, (long) number << VECTOR_BITS);
        }
    }

    @Override
    public void await(long nanos) {
        if (FileDescriptors.awaitReadable(rung.fd(), nanos)) {
            rung.drainNow();
        }
    }

    @Override
    public void wake() {
        rung.signal();
    }
}
