package io.annulet.backend.control;

import io.annulet.vhostuser.NetControl;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A command of a driver, in memory of our own; owned by the control thread. Positions count from the begin of its data,
 * and whoever reads past its end finds that it breaks a rule.
 */
final class Command {

    private final ByteBuffer bytes;

    /** @param bytes class, command and data: two or more */
    Command(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Class and command in one number. */
    int kind() {
        return kind(bytes.get(NetControl.CLASS) & 0xff, bytes.get(NetControl.COMMAND) & 0xff);
    }

    static int kind(int commandClass, int command) {
        return (commandClass << 8) | command;
    }

    int dataByteLength() {
        return bytes.capacity() - NetControl.HEADER_BYTES;
    }

    /** Commands of a fixed form have just so many bytes of data. */
    void checkByteLength(int dataByteLength) {
        if (dataByteLength() != dataByteLength) {
            throw new CommandFault(dataByteLength() + " bytes of data, not " + dataByteLength);
        }
    }

    private int at(int offset, int byteLength) {
        if (offset < 0 || byteLength > dataByteLength() - offset) {
            throw new CommandFault("it ends after " + dataByteLength() + " bytes of data");
        }
        return NetControl.HEADER_BYTES + offset;
    }

    int u8(int offset) {
        return bytes.get(at(offset, 1)) & 0xff;
    }

    int u16(int offset) {
        return bytes.getShort(at(offset, 2)) & 0xffff;
    }

    long u32(int offset) {
        return Integer.toUnsignedLong(bytes.getInt(at(offset, 4)));
    }

    long u64(int offset) {
        return bytes.getLong(at(offset, 8));
    }

    /** Six bytes in memory order in the low 48 bits. */
    long mac(int offset) {
        return u32(offset) | ((long) u16(offset + 4) << 32);
    }

    byte[] bytes(int offset, int byteLength) {
        byte[] copy = new byte[byteLength];
        bytes.get(at(offset, byteLength), copy);
        return copy;
    }

    @Override
    public String toString() {
        return "command " + (kind() >>> 8) + "/" + (kind() & 0xff);
    }
}
