package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The messages about memory in which is noted what has been taken of rings; owned by the control thread. */
final class InflightMessages {

    private static final int U16 = 0xffff;

    private final Device device;

    InflightMessages(Device device) {
        this.device = device;
    }

    /** Makes memory for so many rings, which nobody uses until it comes back. Nothing of it is kept here. */
    Answer getInflightFd(Message message) {
        InflightMemory.Shape shape = shape(message);
        ByteBuffer area = ByteBuffer.allocate((int) message.payloadByteLength()).order(ByteOrder.nativeOrder());
        area.putLong(MessageLayout.INFLIGHT_MMAP_SIZE, shape.byteLength());
        area.putShort(MessageLayout.INFLIGHT_QUEUES, (short) shape.queues());
        area.putShort(MessageLayout.INFLIGHT_QUEUE_SIZE, (short) shape.queueSize());
        return new Answer.Reply(area, InflightMemory.newFile(shape));
    }

    /** What was noted there of each ring counts when that ring starts. */
    Answer setInflightFd(Message message) {
        InflightMemory.Shape shape = shape(message);
        if (!device.startedVrings().isEmpty()) {
            throw new MessageFault("in-flight memory changes while rings run");
        }
        Fd file = message.takeFd(0, MappedRegion::checkKind);
        long byteLength = message.u64(MessageLayout.INFLIGHT_MMAP_SIZE);
        long fileOffset = message.u64(MessageLayout.INFLIGHT_MMAP_OFFSET);
        device.inflight(InflightMemory.of(shape, file, byteLength, fileOffset, device.options.seal()));
        return Answer.DONE;
    }

    private InflightMemory.Shape shape(Message message) {
        long both = message.u32(MessageLayout.INFLIGHT_QUEUES);
        int queues = (int) both & U16;
        int size = (int) (both >>> 16);
        long features = device.negotiation.features();
        if (queues == 0 || queues > device.vrings().size()) {
            throw new MessageFault("in-flight memory for " + queues + " queues of "
                    + device.vrings().size());
        }
        if (!RingLayout.of(features).isValidSize(size)) {
            throw new MessageFault("in-flight memory for rings of " + size + " descriptors");
        }
        return new InflightMemory.Shape(queues, size, (features & VirtioFeature.RING_PACKED) != 0);
    }
}
