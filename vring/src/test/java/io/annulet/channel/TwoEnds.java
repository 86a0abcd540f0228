package io.annulet.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Two ends of a channel over memory of this process, stepped by one thread, and what each of them was told. */
final class TwoEnds implements AutoCloseable {
    static final int BYTES = 1 << 20;

    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Arena arena = Arena.ofShared();
    final MemorySegment shared = arena.allocate(BYTES, 4096);
    final ChannelLayout layout = new ChannelLayout(shared.address(), BYTES);
    final MemorySegment scratch = arena.allocate(1 << 17, 64);

    final Identity alice = Identity.create();
    final Identity bob = Identity.create();
    final End initiator;
    final End responder;

    TwoEnds() {
        this(options -> options);
    }

    TwoEnds(UnaryOperator<ChannelOptions> how) {
        initiator = new End(how.apply(ChannelOptions.of(alice, ChannelOptions.Role.INITIATOR, bob.publicKey())));
        responder = new End(how.apply(ChannelOptions.of(bob, ChannelOptions.Role.RESPONDER, alice.publicKey())));
    }

    /** An end, and what its handler was told, as text. */
    final class End implements ChannelHandler {
        final ChannelOptions options;
        final List<String> messages = new ArrayList<>();
        final List<ChannelFault> faults = new ArrayList<>();
        final List<String> failures = new ArrayList<>();
        final StringBuilder stream = new StringBuilder();
        int sessions;
        boolean ended;
        SealedChannel channel;

        End(ChannelOptions options) {
            this.options = options;
            this.channel = new SealedChannel(layout, options, new NoBell());
        }

        /** As a process that died and was started again. */
        void restart() {
            channel.close();
            channel = new SealedChannel(layout, options, new NoBell());
        }

        int poll() {
            return channel.poll(this);
        }

        boolean send(String text) {
            return channel.send(scratch.address(), put(text)) && channel.flush();
        }

        int put(String text) {
            byte[] bytes = text.getBytes(UTF_8);
            HostMemory.copyIn(bytes, 0, bytes.length, scratch.address());
            return bytes.length;
        }

        @Override
        public void onEstablished(PeerKey peer) {
            sessions++;
        }

        @Override
        public void onFault(ChannelFault fault) {
            faults.add(fault);
        }

        @Override
        public void onHandshakeFailure(String reason) {
            failures.add(reason);
        }

        @Override
        public void onMessage(long address, int byteLength) {
            messages.add(new String(HostMemory.copyOut(address, byteLength), UTF_8));
        }

        @Override
        public void onStream(long address, int byteLength) {
            stream.append(new String(HostMemory.copyOut(address, byteLength), UTF_8));
        }

        @Override
        public void onEnd() {
            ended = true;
        }
    }

    /** Both ends in turn until something holds. */
    void pumpUntil(BooleanSupplier condition) {
        long deadlineNanos = System.nanoTime() + LIMIT_NANOS;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadlineNanos, this::toString);
            initiator.poll();
            responder.poll();
        }
    }

    void establish() {
        int before = responder.sessions;
        int initiatorBefore = initiator.sessions;
        pumpUntil(() -> responder.sessions > before && initiator.sessions > initiatorBefore);
    }

    @Override
    public String toString() {
        return describe("initiator", initiator) + "; " + describe("responder", responder);
    }

    private static String describe(String name, @Nullable End end) {
        return end == null
                ? name
                : name + ": " + end.sessions + " sessions, faults " + end.faults + ", failures " + end.failures + ", "
                        + end.messages.size() + " messages";
    }

    @Override
    public void close() {
        initiator.channel.close();
        responder.channel.close();
        arena.close();
    }

    /** Ends that are stepped by hand never wait. */
    static final class NoBell implements Doorbell {
        @Override
        public void ring(int number) {}

        @Override
        public void await(long nanos) {}

        @Override
        public void wake() {}
    }
}
