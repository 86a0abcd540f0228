package io.annulet.backend.control;

import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.MessageLayout;

/** The messages about the log of written pages; owned by the control thread. */
final class LogMessages {

    private final Device device;
    private final Rings rings;

    LogMessages(Device device, Rings rings) {
        this.device = device;
        this.rings = rings;
    }

    /** Running rings log there from now on, if they log at all. */
    Answer setLogBase(Message message) {
        LogMapping log = LogMapping.of(message, device.options.seal());
        LogMapping before = device.log();
        device.log(log);
        Answer answer;
        try {
            answer = rings.refresh(() -> new Answer.Value(MessageLayout.ACK_SUCCESS));
        } catch (MessageFault refused) {
            device.log(before);
            log.close();
            throw refused;
        }
        device.retired.add(before); // not sooner: the worker uses it until it has acknowledged
        return answer;
    }

    /** An eventfd for back-ends that tell of changes in the log: this one does not, and only has to take it. */
    Answer setLogFd(Message message) {
        message.takeFd(0, fd -> {
                    if (!EventFd.isEventFd(fd)) {
                        throw new MessageFault(
                                "a descriptor for the log that is no eventfd but " + FileDescriptors.link(fd));
                    }
                })
                .close();
        return Answer.DONE;
    }
}
