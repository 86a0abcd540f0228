package io.annulet.backend.control;

import io.annulet.backend.data.QueueSetup;
import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import io.annulet.memory.IoTable;
import io.annulet.vhostuser.MessageLayout;
import java.util.ArrayList;
import java.util.List;

/** The messages about the memory table; owned by the control thread. */
final class MemoryMessages {

    private static final String SHARE = "give the guest memory that is shared: memory-backend-memfd,share=on";

    private final Device device;
    private final Rings rings;

    MemoryMessages(Device device, Rings rings) {
        this.device = device;
        this.rings = rings;
    }

    Answer getMaxMemSlots() {
        return new Answer.Value(device.limits.regions());
    }

    /**
     * A table of one to eight regions, with as many descriptors and as much payload as it says. User-mode Linux always sends
     * room for two regions, the second zeroed if there is none: zeros behind the regions are no more of them.
     */
    Answer setMemTable(Message message) {
        long count = message.u32(MessageLayout.TABLE_COUNT);
        long payload = MessageLayout.TABLE_REGIONS + count * MessageLayout.REGION_BYTES;
        if (count < 1 || count > device.limits.regionsATable() || !message.endsWithZerosFrom(payload)) {
            throw new MessageFault(
                    count + " regions in " + message.payloadByteLength() + " bytes" + (count == 0 ? "; " + SHARE : ""));
        }
        if (message.fdCount() != count) {
            throw new MessageFault(message.fdCount() + " descriptors for " + count + " regions; " + SHARE);
        }
        List<RegionRequest> requests = new ArrayList<>();
        List<Fd> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            requests.add(RegionRequest.read(message, MessageLayout.TABLE_REGIONS + i * MessageLayout.REGION_BYTES));
            files.add(message.takeFd(i));
        }
        Answer answer = replace(device.memory().replacedBy(requests, files, device.options.seal(), device.limits));
        return told(message, (int) count, MessageLayout.TABLE_REGIONS, answer);
    }

    Answer addMemReg(Message message) {
        RegionRequest request = RegionRequest.read(message, MessageLayout.SINGLE_REGION);
        Answer answer = replace(device.memory().plus(request, message.takeFd(0), device.options.seal(), device.limits));
        return told(message, 1, MessageLayout.SINGLE_REGION, answer);
    }

    private Answer told(Message message, int regions, int at, Answer answer) {
        return device.postcopy.isListening() ? PostcopyMessages.told(device, message, regions, at, answer) : answer;
    }

    /** A descriptor that comes along is closed with the message. */
    Answer remMemReg(Message message) {
        Answer answer = replace(device.memory().minus(RegionRequest.read(message, MessageLayout.SINGLE_REGION)));
        if (device.postcopy.isListening()) {
            device.postcopy.told(false);
        }
        return answer;
    }

    /**
     * Puts a prepared table in force. Rings that run go on in it, or it is refused: nobody takes memory from a ring that
     * has not been stopped. Behind an IOMMU it is only as if I/O addresses had been taken back. What only the old table had
     * is unmapped after the worker has left it.
     */
    private Answer replace(MemoryTable next) {
        MemoryTable old = device.memory();
        List<QueueSetup> moved = new ArrayList<>();
        try {
            if (device.postcopy.isListening()) {
                return arriving(next);
            }
            device.postcopy.close(); // a guest whose memory is told sooner has come whole
            if (device.isTranslated()) {
                Answer answer = rings.goBy(device.iotlb.table().in(next.memory()), next);
                device.memory(next);
                return answer;
            }
            for (VringConfig vring : device.startedVrings()) {
                moved.add(rings.setup(vring, next));
            }
        } catch (MessageFault | LinuxException refused) {
            next.missingIn(old).forEach(MappedRegion::close);
            throw refused;
        }
        device.memory(next);
        return moved.isEmpty() ? Answer.DONE : Answer.afterWorker(done -> device.port.replaceMemory(moved, done));
    }

    /** While memory may be missing nothing counts as present in another table until it was looked for there. */
    private Answer arriving(MemoryTable next) {
        device.postcopy.map(next);
        boolean accepted = false;
        try {
            Answer answer = rings.goBy(IoTable.EMPTY, next);
            device.memory(next);
            accepted = true;
            return answer;
        } finally {
            device.postcopy.keepOnly(accepted ? next : device.memory());
        }
    }
}
