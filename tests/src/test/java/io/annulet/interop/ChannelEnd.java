package io.annulet.interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.channel.ChannelHandler;
import io.annulet.channel.ChannelLayout;
import io.annulet.channel.ChannelOptions;
import io.annulet.channel.Identity;
import io.annulet.channel.IvshmemPeer;
import io.annulet.channel.PeerKey;
import io.annulet.channel.SealedChannel;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;

/** The end of a sealed channel that begins, in this process; used by one thread. */
final class ChannelEnd implements ChannelHandler, AutoCloseable {
    private static final byte[] QUESTION = "hello".getBytes(UTF_8);
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Arena arena = Arena.ofConfined();
    private final long question = arena.allocate(QUESTION.length).address();
    private final Mapping memory;
    private final SealedChannel channel;
    private String heard = "";

    ChannelEnd(IvshmemPeer peer, Identity own, PeerKey other) {
        long byteLength = FileDescriptors.status(peer.memory()).byteLength();
        memory = Mapping.map(peer.memory(), 0, byteLength, Mapping.Protection.READ_WRITE);
        channel = new SealedChannel(
                new ChannelLayout(memory.address(), byteLength),
                ChannelOptions.of(own, ChannelOptions.Role.INITIATOR, other),
                peer);
        HostMemory.copyIn(QUESTION, 0, QUESTION.length, question);
    }

    /** Asks once there is a session, and sleeps until something comes or a moment has passed; the last answer so far. */
    String ask() {
        channel.poll(this);
        if (channel.send(question, QUESTION.length)) {
            channel.flush();
        }
        channel.await(WAIT_NANOS);
        channel.poll(this);
        return heard;
    }

    @Override
    public void onMessage(long address, int byteLength) {
        heard = new String(HostMemory.copyOut(address, byteLength), UTF_8);
    }

    @Override
    public void close() {
        channel.close();
        memory.close();
        arena.close();
    }
}
