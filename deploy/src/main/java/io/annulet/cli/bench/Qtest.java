package io.annulet.cli.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.annulet.cli.CommandFailure;
import io.annulet.vfio.ConfigSpace;
import io.annulet.vfio.Registers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * In place of the processor of a QEMU machine: each access to a device is a line on a socket, and answered by another; used
 * by one thread at a time.
 *
 * <p>Source: QEMU, docs/devel/testing/qtest.rst and system/qtest.c.
 */
final class Qtest implements AutoCloseable {

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final int LOOK_MILLIS = 20;

    // Configuration mechanism 1 of the PCI Local Bus Specification.
    private static final long CONFIG_ADDRESS = 0xcf8;
    private static final long CONFIG_DATA = 0xcfc;
    private static final long CONFIG_ENABLE = 0x8000_0000L;

    private final SocketChannel channel;
    private final BufferedReader answers;
    private final Writer commands;

    private Qtest(SocketChannel channel) {
        this.channel = channel;
        this.answers = new BufferedReader(Channels.newReader(channel, US_ASCII));
        this.commands = Channels.newWriter(channel, US_ASCII);
    }

    /** Connects as soon as QEMU listens. */
    static Qtest connect(Child qemu, Path socket) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            try {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                channel.connect(UnixDomainSocketAddress.of(socket));
                return new Qtest(channel);
            } catch (IOException notYet) {
                qemu.assertRunning();
                if (System.nanoTime() - deadlineNanos > 0) {
                    throw new CommandFailure(
                            "QEMU does not listen: " + notYet.getMessage(), "use QEMU 8 or later", notYet);
                }
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
        }
    }

    /** Sends words, numbers as such; returns the number that the answer has, or 0. */
    private long ask(String command, long... values) {
        try {
            commands.write(command);
            for (long value : values) {
                commands.write(" 0x" + Long.toHexString(value));
            }
            commands.write('\n');
            commands.flush();
            String answer = answers.readLine();
            if (answer == null || !answer.startsWith("OK")) {
                throw new CommandFailure("QEMU answers '" + answer + "' to " + command, "use QEMU 8 or later");
            }
            return answer.length() > 2 ? Long.decode(answer.substring(2).strip()) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static char letter(int byteLength) {
        return switch (byteLength) {
            case 1 -> 'b';
            case 2 -> 'w';
            case 4 -> 'l';
            default -> throw new IllegalArgumentException(byteLength + " bytes");
        };
    }

    /** The configuration space of the device in a slot of the first bus. */
    ConfigSpace configSpace(int slot) {
        return new ConfigSpace() {
            private long select(int offset) {
                ask("outl", CONFIG_ADDRESS, CONFIG_ENABLE | (long) slot << 11 | (offset & ~3));
                return CONFIG_DATA + (offset & 3);
            }

            @Override
            public long read(int offset, int byteLength) {
                long port = select(offset);
                return ask("in" + letter(byteLength), port);
            }

            @Override
            public void write(int offset, int byteLength, long value) {
                long port = select(offset);
                ask("out" + letter(byteLength), port, value);
            }
        };
    }

    /** Registers from an address of the machine on. */
    Registers registers(long address) {
        return new Registers() {
            private long load(int offset, int byteLength) {
                return ask("read" + letter(byteLength), address + offset);
            }

            private void store(int offset, int byteLength, long value) {
                ask("write" + letter(byteLength), address + offset, value);
            }

            @Override
            public int loadByte(int offset) {
                return (int) load(offset, Byte.BYTES);
            }

            @Override
            public int loadShort(int offset) {
                return (int) load(offset, Short.BYTES);
            }

            @Override
            public long loadInt(int offset) {
                return load(offset, Integer.BYTES);
            }

            @Override
            public void storeByte(int offset, int value) {
                store(offset, Byte.BYTES, value);
            }

            @Override
            public void storeShort(int offset, int value) {
                store(offset, Short.BYTES, value);
            }

            @Override
            public void storeInt(int offset, long value) {
                store(offset, Integer.BYTES, value & 0xffff_ffffL);
            }
        };
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
