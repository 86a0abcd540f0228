package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.PromisedMtu;
import io.annulet.backend.data.ReceiveQueue;
import io.annulet.backend.data.ReceiveRules;
import io.annulet.backend.data.Steering;
import io.annulet.backend.offload.FlowHash;
import io.annulet.backend.policy.ReceiveFilter;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The way into a guest's receive queues, for one of its shards: which frames, into which queue; owned by the worker of that
 * shard.
 */
final class Delivery {

    private static final int DONE = -1;

    private final GuestPort port;
    private final int worker;
    private final PortCounters counters;
    private final Consumer<ReceiveQueue> callSoon;
    private final FrameList wanted = new FrameList();
    private ReceiveQueue[] own = new ReceiveQueue[0];
    private ReceiveRules rules = ReceiveRules.NONE;
    private @Nullable ReceiveQueue entered;

    // For guests that chose how flows are told apart: what was found of the frames of a burst, by their numbers; else
    // zeros.
    private @Nullable FlowHash hash;
    private final int[] hashes = new int[FrameBurst.CAPACITY];
    private final int[] kinds = new int[FrameBurst.CAPACITY];
    private final int[] pairs = new int[FrameBurst.CAPACITY];
    private final FrameList samePair = new FrameList();

    /** @param callSoon is given each queue whose driver is to be called */
    Delivery(GuestPort port, int worker, PortCounters counters, Consumer<ReceiveQueue> callSoon) {
        this.port = port;
        this.worker = worker;
        this.counters = counters;
        this.callSoon = callSoon;
    }

    ReceiveRules rules() {
        return rules;
    }

    void rules(ReceiveRules changed) {
        rules = changed;
        Steering steering = changed.steering();
        hash = steering == null ? null : new FlowHash(steering.types(), steering.key());
        Arrays.fill(hashes, 0);
        Arrays.fill(kinds, FlowHash.REPORT_NONE);
    }

    /** The shard's own queues that frames may go to. */
    void queues(ReceiveQueue[] inUse) {
        own = inUse;
        port.lend(worker, inUse);
    }

    int accepts() {
        return (own.length > 0 ? own[0].setup().offloads() : port.accepts()) & rules.offloads();
    }

    void push(FrameBurst burst, FrameList frames) {
        Steering steering = rules.steering();
        if (steering == null || hash == null) {
            push(burst, frames, receiveQueue(burst.flow()));
            return;
        }
        classify(burst, frames, hash, steering);
        if (steering.choosesQueues()) {
            spread(burst, frames);
        } else {
            push(burst, frames, receiveQueue(burst.flow()));
        }
    }

    private void classify(FrameBurst burst, FrameList frames, FlowHash flows, Steering steering) {
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            burst.extend(frame);
            flows.compute(burst.snapshotAddress(frame) + NetHeader.BYTES, burst.snapshotFrameBytes(frame));
            hashes[frame] = flows.value();
            kinds[frame] = flows.report();
            if (steering.choosesQueues()) {
                pairs[frame] = steering.pair(flows.report() != FlowHash.REPORT_NONE, flows.value());
            }
        }
    }

    /** Each round takes the frames of one pair, in their order; a burst has few. */
    private void spread(FrameBurst burst, FrameList frames) {
        int left = frames.count();
        for (int pair = firstPair(frames); left > 0; pair = firstPair(frames)) {
            samePair.clear();
            for (int i = 0; i < frames.count(); i++) {
                int frame = frames.frame(i);
                if (pairs[frame] == pair) {
                    samePair.add(frame);
                    pairs[frame] = DONE;
                }
            }
            left -= samePair.count();
            push(burst, samePair, port.receiveQueueOf(pair));
        }
    }

    private int firstPair(FrameList frames) {
        for (int i = 0; i < frames.count(); i++) {
            if (pairs[frames.frame(i)] != DONE) {
                return pairs[frames.frame(i)];
            }
        }
        return DONE;
    }

    private void push(FrameBurst burst, FrameList frames, @Nullable ReceiveQueue queue) {
        entered = queue;
        DropReason closed = queue == null ? DropReason.NOT_READY : queue.enter(counters);
        if (queue == null || closed != null) {
            drop(burst, frames, closed == null ? DropReason.NOT_READY : closed);
            return;
        }
        boolean flushed = false;
        try {
            // Not so only of a borrowed queue that was opened anew, for other features, since accepts() was asked.
            if ((burst.offloads() & ~queue.setup().offloads()) == 0) {
                deliver(queue, burst, frames);
            } else {
                drop(burst, frames, DropReason.NOT_READY);
            }
            flushed = true;
        } finally {
            queue.leave(flushed);
        }
    }

    private void drop(FrameBurst burst, FrameList frames, DropReason why) {
        burst.watch().lose(counters, frames, 0, why);
    }

    /** One flow stays on one queue, so its order holds. Null if no receive queue is enabled. */
    private @Nullable ReceiveQueue receiveQueue(int flow) {
        if (own.length == 1) {
            return own[0];
        }
        if (!port.isShared()) {
            return own.length == 0 ? null : own[(flow >>> 1) % own.length];
        }
        // The flows of one worker are those of every n-th queue.
        int number = (flow >>> 1) / port.shards().size();
        return own.length == 0 ? port.borrow(number + worker) : own[number % own.length];
    }

    private void deliver(ReceiveQueue queue, FrameBurst burst, FrameList frames) {
        ReceiveFilter filter = rules.filter();
        queue.reportHashes(hashes, kinds);
        int mtu = queue.setup().mtu();
        boolean all = filter == null && mtu == 0;
        int delivered = queue.deliver(burst, all ? frames : wanted(filter, mtu, burst, frames));
        if (queue.flush(burst, delivered)) {
            callSoon.accept(queue);
        }
    }

    private FrameList wanted(@Nullable ReceiveFilter filter, int mtu, FrameBurst burst, FrameList frames) {
        wanted.clear();
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            if (!PromisedMtu.admits(mtu, burst, frame)) {
                burst.watch().lose(counters, frame, DropReason.TOO_LONG);
            } else if (filter != null && !isWanted(filter, burst, frame)) {
                burst.watch().lose(counters, frame, DropReason.FILTERED);
            } else {
                wanted.add(frame);
            }
        }
        return wanted;
    }

    private static boolean isWanted(ReceiveFilter filter, FrameBurst burst, int frame) {
        return filter.admits(burst.snapshotAddress(frame) + NetHeader.BYTES, burst.snapshotFrameBytes(frame));
    }

    /** After an access to memory failed somewhere: the queue that was delivered to last is left, if it was not. */
    void recover() {
        if (entered != null) {
            entered.leaveAfterFault();
            entered = null;
        }
    }
}
