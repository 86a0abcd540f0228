package io.annulet.backend.control;

import io.annulet.linux.Fd;
import java.util.List;

/**
 * The messages by which a front-end takes a device's state from one back-end to another; owned by the control thread.
 * vhost-user, QEMU 10.0, "Migrating back-end state".
 */
final class StateMessages {

    private static final int DIRECTION = 0;
    private static final int PHASE = 4;
    private static final long SAVE = 0;
    private static final long LOAD = 1;
    private static final long STOPPED = 0;

    /** In the answer to SET_DEVICE_STATE_FD: no descriptor comes with it. */
    private static final long NO_FD = 1 << 8;

    private static final Answer SUCCEEDED = new Answer.Value(0);
    private static final Answer FAILED = new Answer.Value(1);

    private final Device device;
    private final ControlLoop loop;
    private final PortLog log;

    StateMessages(Device device, ControlLoop loop, PortLog log) {
        this.device = device;
        this.loop = loop;
        this.log = log;
    }

    /** Begins to move the state, which takes its time; one that is on its way is given up. */
    Answer setDeviceStateFd(Message message) {
        long direction = message.u32(DIRECTION);
        if (direction > LOAD || message.u32(PHASE) != STOPPED) {
            throw new MessageFault("state in direction " + direction + ", phase " + message.u32(PHASE));
        }
        device.transfer(null);
        if (!device.startedVrings().isEmpty()) {
            log.warn("refused to move the device's state: rings run");
            return new Answer.Value(NO_FD | 1);
        }
        Fd channel = message.takeFd(0, StateTransfer::checkChannel);
        long patienceNanos = device.limits.messageNanos();
        device.transfer(
                direction == SAVE
                        ? StateTransfer.save(loop, patienceNanos, channel, SavedState.of(device))
                        : StateTransfer.load(loop, patienceNanos, channel));
        return new Answer.Value(NO_FD);
    }

    /** Answers when the state has come to its end, and if it came here, is in force. */
    Answer checkDeviceState() {
        StateTransfer transfer = device.transfer();
        return transfer == null ? FAILED : Answer.afterWorker(transfer::whenOver, () -> finish(transfer));
    }

    private Answer finish(StateTransfer transfer) {
        boolean whole = transfer.succeeded();
        byte[] saved = transfer.isSaving() ? new byte[0] : transfer.received();
        device.transfer(null);
        if (!whole) {
            log.warn("the device's state did not get through");
            return FAILED;
        }
        if (transfer.isSaving()) {
            return SUCCEEDED;
        }
        try {
            device.saved = SavedState.commands(saved);
            Answer inForce = device.negotiation.isSet() ? takeEffect(device) : Answer.DONE;
            return inForce instanceof Answer.Pending pending
                    ? Answer.afterWorker(pending.command(), () -> SUCCEEDED)
                    : SUCCEEDED;
        } catch (MessageFault refused) {
            device.saved = List.of();
            log.warn("refused the device's state: " + refused.getMessage());
            return FAILED;
        }
    }

    /**
     * Has a device be as its driver told it on another back-end. That the guest is here now, the driver is to tell others.
     *
     * @throws MessageFault if it is no state for a device with these features; then it is as if its driver had said nothing
     */
    static Answer takeEffect(Device device) {
        CommandTable table = new CommandTable(device);
        try {
            for (Command command : device.saved) {
                if (table.handle(command) instanceof Answer.Result) {
                    throw new CommandFault(command + " asks, and tells nothing");
                }
            }
        } catch (CommandFault refused) {
            device.saved = List.of();
            device.net.restart(device.negotiation.features());
            throw new MessageFault("what was saved does not go with this device: " + refused.getMessage());
        }
        device.net.announce(true);
        device.tellConfigChanged();
        return Answer.afterWorker(done -> device.port.changeRules(device.net.rules(), done));
    }
}
