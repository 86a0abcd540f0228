package io.annulet.channel;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One end of a sealed channel; used by one thread, which calls {@link #poll} again and again. What is sent before a session
 * is established is refused; what was under way when one ended is lost, and the handler is told.
 *
 * <p>Messages are gathered into a record until it is full or {@link #flush} is called: then they are sealed together, the
 * other end sees them, and its doorbell rings if it sleeps.
 */
public final class SealedChannel implements AutoCloseable {
    /** The longest message, piece of a stream or placement. */
    public static final int MAX_MESSAGE_BYTES = 1 << 16;

    private static final int RECORDS_A_POLL = 16;
    private static final int INDEX_BASE_SHIFT = 16;

    private enum State {
        /** No keys. */
        APART,
        /** The responder has keys, and does not know yet whether the initiator is alive or a recording. */
        UNCONFIRMED,
        ESTABLISHED
    }

    private final ChannelOptions options;
    private final Doorbell doorbell;
    private final PrivateMemory memory;
    private final Control control;
    private final Ringer ringer;
    private final Handshaker handshaker;
    private final Freshness freshness;
    private final DirectionKey sendKey;
    private final DirectionKey receiveKey;
    private final RingWriter ring;
    private final RecordWriter writer;
    private final RecordReader reader;
    private final Batch batch;
    private final Attempts attempts;
    private final Regions regions = new Regions();
    private final ChannelCounts counts = new ChannelCounts();

    /** Kept, since a new one at each poll would be garbage. */
    private final Consumer<Handshaker.Outcome> using = this::use;

    private State state = State.APART;
    private @Nullable PeerKey peer;
    private boolean ended;
    private boolean isStalled;
    private boolean lost;
    private volatile boolean mustRenew;

    public SealedChannel(ChannelLayout layout, ChannelOptions options, Doorbell doorbell) {
        this(layout, options, doorbell, Freshness.best());
    }

    SealedChannel(ChannelLayout layout, ChannelOptions options, Doorbell doorbell, Freshness freshness) {
        int end = options.role().end();
        this.options = options;
        this.doorbell = doorbell;
        this.freshness = freshness;
        this.memory = new PrivateMemory(2L * DirectionKey.SCRATCH_BYTES
                + RecordWriter.SCRATCH_BYTES
                + RecordReader.SCRATCH_BYTES
                + RecordHeader.MAX_PLAIN_BYTES
                + 1024);
        this.control = new Control(layout, end);
        this.handshaker = new Handshaker(options, layout);
        this.sendKey = new DirectionKey(options.limits(), memory.take(DirectionKey.SCRATCH_BYTES));
        this.receiveKey = new DirectionKey(options.limits(), memory.take(DirectionKey.SCRATCH_BYTES));
        this.ring = Control.writer(layout, end);
        this.writer = new RecordWriter(end, ring, sendKey, freshness, memory.take(RecordWriter.SCRATCH_BYTES));
        this.reader =
                new RecordReader(end, Control.reader(layout, end), receiveKey, memory.take(RecordReader.SCRATCH_BYTES));
        this.batch = new Batch(memory.take(RecordHeader.MAX_PLAIN_BYTES), options.padding());
        this.attempts = new Attempts(options);
        this.ringer = new Ringer(control, doorbell, counts);
        wishIfResponder();
    }

    private void wishIfResponder() {
        if (options.role() == ChannelOptions.Role.RESPONDER) {
            control.wish();
            ringer.ringIfAsleep();
        }
    }

    /** Whether randomness of the processor goes into every record, so that a machine may be copied or set back. */
    public boolean isFreshFromHardware() {
        return freshness.isFromHardware();
    }

    public boolean isEstablished() {
        return state == State.ESTABLISHED;
    }

    /** Whether the shared memory's file was cut off: this channel will never work again. */
    public boolean isLost() {
        return lost;
    }

    /** Who is at the other end, once established. */
    public @Nullable PeerKey peer() {
        return peer;
    }

    public ChannelCounts counts() {
        counts.recordsSent = writer.count();
        counts.recordsReceived = reader.count();
        return counts;
    }

    /** Lets the other end place bytes in this memory of ours, under this number, until {@link #unregister}. */
    public void register(int region, long address, long byteLength) {
        regions.register(region, address, byteLength);
    }

    public void unregister(int region) {
        regions.remove(region);
    }

    /**
     * One duty cycle: handshakes, and what the other end has sent.
     *
     * @return how much was done; 0 if there was nothing to do
     */
    public int poll(ChannelHandler handler) {
        try {
            if (mustRenew) {
                renew();
            }
            return handshake(handler) + receive(handler);
        } catch (InternalError truncated) {
            lost = true;
            fail(ChannelFault.MEMORY_LOST, handler);
            return 0;
        }
    }

    private int handshake(ChannelHandler handler) {
        boolean begins = options.role() == ChannelOptions.Role.INITIATOR;
        if (begins && control.hasPeerWished()) {
            leave();
            attempts.wished();
        }
        int done = 0;
        try {
            Handshaker.Outcome outcome = handshaker.poll(using);
            if (outcome != null) {
                if (begins) {
                    // What it wished before it answered has been granted.
                    control.hasPeerWished();
                    use(outcome);
                    confirm();
                    establish(handler);
                } else {
                    ringer.ringIfAsleep();
                    attempts.answered();
                }
                done = 1;
            }
        } catch (HandshakeFailure failure) {
            counts.handshakeFailures++;
            handler.onHandshakeFailure(String.valueOf(failure.getMessage()));
        }
        if (state != State.ESTABLISHED && attempts.isDue()) {
            tryAgain(begins);
        }
        return done;
    }

    private void tryAgain(boolean begins) {
        attempts.tried();
        if (begins) {
            handshaker.begin();
        } else {
            state = State.APART;
            control.wish();
        }
        ringer.ringIfAsleep();
    }

    /** Takes new keys into use; the other end does not know them yet when this runs at the responder. */
    private void use(Handshaker.Outcome outcome) {
        long base = ByteBuffer.wrap(outcome.hash().bytes()).getLong() >>> INDEX_BASE_SHIFT << INDEX_BASE_SHIFT >>> 2;
        sendKey.begin(outcome.sendKey(), outcome.hash());
        receiveKey.begin(outcome.receiveKey(), outcome.hash());
        ring.reset(base);
        reader.reset(base, options.role() == ChannelOptions.Role.RESPONDER);
        batch.clear();
        ended = false;
        peer = outcome.peer();
        state = State.UNCONFIRMED;
    }

    private void confirm() {
        writer.write(RecordHeader.TYPE_CONFIRM, batch.address(), 0);
        publish();
    }

    private void establish(ChannelHandler handler) {
        state = State.ESTABLISHED;
        attempts.succeeded();
        counts.sessions++;
        PeerKey known = peer;
        if (known != null) {
            handler.onEstablished(known);
        }
    }

    private int receive(ChannelHandler handler) {
        int done = 0;
        while (state != State.APART && done < RECORDS_A_POLL && reader.next()) {
            done++;
            receiveOne(handler);
        }
        ChannelFault fault = state == State.APART ? null : currentFault();
        if (fault != null) {
            fail(fault, handler);
        } else if (done > 0 && state != State.APART) {
            reader.release();
            ringer.ringIfAwaitingRoom();
        }
        return done;
    }

    private @Nullable ChannelFault currentFault() {
        return ring.isForged() ? ChannelFault.INDEX_FORGED : reader.fault();
    }

    private void receiveOne(ChannelHandler handler) {
        if (state == State.UNCONFIRMED && reader.type() == RecordHeader.TYPE_CONFIRM) {
            reader.beStrict();
            establish(handler);
            return;
        }
        switch (state == State.UNCONFIRMED ? 0 : reader.type()) {
            case RecordHeader.TYPE_ITEMS -> receiveItems(handler);
            case RecordHeader.TYPE_END -> handler.onEnd();
            default -> fail(ChannelFault.TYPE_UNKNOWN, handler);
        }
    }

    private void receiveItems(ChannelHandler handler) {
        ChannelFault fault = Items.deliver(reader.plainAddress(), reader.plainByteLength(), regions, handler, counts);
        if (fault != null) {
            fail(fault, handler);
        }
    }

    private void fail(ChannelFault fault, ChannelHandler handler) {
        if (state == State.APART) {
            return;
        }
        leave();
        counts.faults++;
        handler.onFault(fault);
        if (!lost) {
            wishIfResponder();
        }
    }

    /** Forgets the keys. */
    private void leave() {
        state = State.APART;
        peer = null;
        sendKey.forget();
        receiveKey.forget();
        batch.clear();
        attempts.left();
    }

    /** Ends the session and handshakes anew. */
    public void renew() {
        mustRenew = false;
        leave();
        wishIfResponder();
    }

    /** Likewise from any thread, as when this machine was told that it is a copy: nothing more is sealed with these keys. */
    public void renewSoon() {
        mustRenew = true;
        doorbell.wake();
    }

    /** Sends a message of at most {@link #MAX_MESSAGE_BYTES} private bytes; false if there is no room now, or no session. */
    public boolean send(long address, int byteLength) {
        return add(Item.KIND_MESSAGE, 0, 0, address, byteLength);
    }

    /** Sends the next bytes of the stream. */
    public boolean stream(long address, int byteLength) {
        return add(Item.KIND_STREAM, 0, 0, address, byteLength);
    }

    /** Sends bytes for a region that the other end has registered, at an offset in it. */
    public boolean place(int region, long offset, long address, int byteLength) {
        return add(Item.KIND_PLACE, region, offset, address, byteLength);
    }

    private boolean add(int kind, int region, long offset, long address, int byteLength) {
        if (byteLength < 0 || byteLength > MAX_MESSAGE_BYTES) {
            throw new IllegalArgumentException(byteLength + " bytes: at most " + MAX_MESSAGE_BYTES + " at a time");
        }
        if (state != State.ESTABLISHED || ended) {
            return false;
        }
        if (batch.isBetterAlone(byteLength)) {
            return flush() && seal(batch.addHeader(kind, region, offset, byteLength), address, byteLength);
        }
        if (!batch.hasRoom(kind, byteLength) && !flush()) {
            return false;
        }
        batch.add(kind, region, offset, address, byteLength);
        return true;
    }

    /** Seals what was gathered, and lets the other end see it; false if there is no room for it now. */
    public boolean flush() {
        if (batch.isEmpty() || state != State.ESTABLISHED) {
            return true;
        }
        return seal(batch.pad(), batch.address(), 0);
    }

    /** Seals the first bytes of the batch and others as one record. */
    private boolean seal(int head, long body, int bodyByteLength) {
        if (mustRenew) {
            return false;
        }
        try {
            isStalled = !writer.hasRoom(head + bodyByteLength);
            if (isStalled) {
                return false;
            }
            writer.write(RecordHeader.TYPE_ITEMS, batch.address(), head, body, bodyByteLength);
            batch.clear();
            publish();
            return true;
        } catch (InternalError truncated) {
            lost = true;
            leave();
            return false;
        }
    }

    /** Says that nothing more will come; false if there is no room for that now. */
    public boolean end() {
        if (ended) {
            return true;
        }
        if (state != State.ESTABLISHED || !flush() || mustRenew || !writer.hasRoom(0)) {
            return false;
        }
        writer.write(RecordHeader.TYPE_END, batch.address(), 0);
        ended = true;
        publish();
        return true;
    }

    private void publish() {
        writer.publish();
        ringer.ringIfAsleep();
    }

    /** Waits until there may be something to do, at most so long. */
    public void await(long nanos) {
        long leftNanos = state == State.ESTABLISHED ? nanos : Math.min(nanos, attempts.leftNanos());
        if (leftNanos <= 0) {
            return;
        }
        try {
            control.fallAsleep(isStalled);
            if (!mayHaveWork()) {
                doorbell.await(leftNanos);
            }
            control.wakeUp();
        } catch (InternalError truncated) {
            lost = true;
        }
    }

    private boolean mayHaveWork() {
        return handshaker.hasMail()
                || (state != State.APART && reader.hasMore())
                || (isStalled && writer.hasRoom(RecordHeader.MAX_PLAIN_BYTES));
    }

    /** Overwrites keys and plain bytes. The shared memory stays mapped: its owner unmaps it after this. */
    @Override
    public void close() {
        state = State.APART;
        sendKey.close();
        receiveKey.close();
        memory.close();
    }
}
