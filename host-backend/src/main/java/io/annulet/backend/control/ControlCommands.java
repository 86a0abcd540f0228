package io.annulet.backend.control;

import io.annulet.vhostuser.NetControl;
import java.nio.ByteBuffer;

/**
 * Sees the commands of one session's control queue to their end, by way of the workers where they have to act; owned by
 * the control thread. The worker that carries them hands over one at a time.
 */
final class ControlCommands {

    private static final byte[] REFUSED = {NetControl.ERR};

    private final ControlLoop loop;
    private final Device device;
    private final CommandTable table;
    private final PortLog log;

    ControlCommands(ControlLoop loop, Device device, PortLog log) {
        this.loop = loop;
        this.device = device;
        this.table = new CommandTable(device);
        this.log = log;
    }

    /**
     * Begins with a command.
     *
     * @param answerRoom bytes that the driver has for the answer
     */
    void onCommand(long ticket, Command command, int answerRoom) {
        try {
            goOn(ticket, answerRoom, table.handle(command));
        } catch (CommandFault fault) {
            log.warn("refused " + command + ": " + fault.getMessage());
            answer(ticket, REFUSED);
        }
    }

    private void goOn(long ticket, int answerRoom, Answer answer) {
        switch (answer) {
            case Answer.Pending pending ->
                pending.command()
                        .accept(() -> loop.execute(
                                () -> goOn(ticket, answerRoom, pending.then().get())));
            case Answer.Done done -> answer(ticket, new byte[] {NetControl.OK});
            case Answer.Result result -> answer(ticket, answerRoom, result.bytes());
            default -> throw new IllegalStateException("no answer to a command: " + answer);
        }
    }

    /** The ack with what was asked for behind it, if the driver has room for that. */
    private void answer(long ticket, int answerRoom, ByteBuffer result) {
        if (result.remaining() > answerRoom - 1) {
            log.warn("refused a command: its answer has " + result.remaining() + " bytes");
            answer(ticket, REFUSED);
            return;
        }
        byte[] bytes = new byte[1 + result.remaining()];
        bytes[0] = NetControl.OK;
        result.get(bytes, 1, result.remaining());
        answer(ticket, bytes);
    }

    private void answer(long ticket, byte[] bytes) {
        device.net.countCommand(bytes[0] == NetControl.OK);
        device.port.answerCommand(device.net.controlIndex(), ticket, bytes);
    }
}
