package io.annulet.cli.channel;

import io.annulet.channel.ChannelHandler;
import io.annulet.channel.ChannelLayout;
import io.annulet.channel.ChannelOptions;
import io.annulet.channel.ChannelOptions.Role;
import io.annulet.channel.Doorbell;
import io.annulet.channel.Identity;
import io.annulet.channel.SealedChannel;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;

/**
 * Two ends of a channel in this process, over shared memory and eventfds as two processes would have them. Each end belongs
 * to one thread, which may be the same.
 */
final class BenchmarkPair implements AutoCloseable {
    static final ChannelHandler NOTHING = new ChannelHandler() {};

    private static final long BYTES = 8L << 20;

    private final Mapping memory;
    private final EventFd first = EventFd.create(true, 0);
    private final EventFd second = EventFd.create(true, 0);
    private final SealedChannel sender;
    private final SealedChannel receiver;

    BenchmarkPair() {
        try (Fd fd = Memfd.create("annulet-channel-benchmark", BYTES, true)) {
            memory = Mapping.map(fd, 0, BYTES, Mapping.Protection.READ_WRITE, Mapping.Option.POPULATE);
        }
        ChannelLayout layout = new ChannelLayout(memory.address(), BYTES);
        Identity one = Identity.create();
        Identity other = Identity.create();
        sender = new SealedChannel(
                layout, ChannelOptions.of(one, Role.INITIATOR, other.publicKey()), new Bell(second, first));
        receiver = new SealedChannel(
                layout, ChannelOptions.of(other, Role.RESPONDER, one.publicKey()), new Bell(first, second));
        while (!sender.isEstablished() || !receiver.isEstablished()) {
            sender.poll(NOTHING);
            receiver.poll(NOTHING);
        }
    }

    SealedChannel sender() {
        return sender;
    }

    SealedChannel receiver() {
        return receiver;
    }

    /** An eventfd for each direction. */
    private record Bell(EventFd theirs, EventFd ours) implements Doorbell {
        @Override
        public void ring(int number) {
            theirs.signal();
        }

        @Override
        public void await(long nanos) {
            if (FileDescriptors.awaitReadable(ours.fd(), nanos)) {
                ours.drainNow();
            }
        }

        @Override
        public void wake() {
            ours.signal();
        }
    }

    @Override
    public void close() {
        sender.close();
        receiver.close();
        memory.close();
        first.close();
        second.close();
    }
}
