package io.annulet.hostile;

import static io.annulet.vhostuser.VhostUserRequest.SET_FEATURES;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_CALL;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_ERR;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_KICK;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_NUM;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamRegion;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.OddFiles;
import io.annulet.linux.Pipe;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class M of the catalogue: floods, stalls, and descriptors that are not what they should be. */
@ExtendWith(Hostile.class)
@Timeout(240)
final class ExhaustionCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;

    /** By option 100,000: -Dannulet.hostile.messages=100000. */
    private static final int MESSAGES = Integer.getInteger("annulet.hostile.messages", 10_000);

    @Test
    void M01_settingTheSizeOfARingAgainAndAgainTakesNoMemory(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        byte[] message = Messages.of(SET_VRING_NUM, Messages.PLAIN, Payloads.vringState(0, 256));
        for (int i = 0; i < MESSAGES; i++) {
            talk.say(message);
        }
        talk.stillAnswers();
    }

    /** Two sessions that hold all the memory slots there are, and queues whose descriptors have numbers behind them. */
    @Test
    void M03_descriptorNumbersBeyondAThousandAreLikeOthers(Trial trial) {
        try (Fd file = Memfd.create("guest-ram", 510 * 4096L, true)) {
            fillSlots(
                    new Talk(trial, trial.connect(Yard.SEALED))
                            .negotiate(SPLIT.features())
                            .frontEnd(),
                    file);
            Villain villain = trial.villain(SPLIT);
            fillSlots(villain.frontEnd, file);
            for (VillainQueue queue : villain.queues) {
                villain.frontEnd.getVringBase(queue.index);
                queue.clear();
                villain.start(queue);
            }
            villain.sendGood(0);
        }
    }

    private static void fillSlots(VhostUserFrontEnd frontEnd, Fd file) {
        for (int i = 0; i < 508; i++) {
            long at = (1L << 40) + i * 8192L;
            frontEnd.addMemRegion(new RamRegion(file, i * 4096L, at, at, 4096, 0));
        }
    }

    /** It lives in the open file description, which the villain has too: it may undo what we set at any time. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void M04_aCallThatIsMadeToBlockHoldsUpNobody(int vring, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue queue = villain.queues.get(vring);
        queue.call.add(-2);
        FileDescriptors.setNonBlocking(queue.call.fd(), false);
        if (vring == 1) {
            villain.transmit().offerBuffer(0, villain.frameBuffer(Frames.toAll(100, 4)), 112, 0);
        } else {
            queue.offerBuffer(0, villain.memory.writable(512), 512, VillainQueue.WRITE);
            trial.yard().sendFromBystander(Frames.toAll(100, 4));
        }
        trial.yard().awaitCanary();
        villain.awaitClosed();
        trial.expect("front-end.calls-blocked", 1);
        trial.allow("calls\\.failed");
    }

    @Test
    void M04_anErrorThatIsMadeToBlockHoldsUpNobody(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.transmit().err.add(-2);
        FileDescriptors.setNonBlocking(villain.transmit().err.fd(), false);
        villain.transmit().offer(0xffff);
        trial.yard().awaitCanary();
        villain.awaitClosed();
        trial.expect("front-end.calls-blocked", 1);
        trial.expect("rings.broken", 1);
    }

    enum NotAnEvent {
        PIPE,
        SOCKET,
        MEMORY,
        NULL,
        PATH
    }

    /** A pipe and a socket may be called, as user-mode Linux has it; anything else is no way to notify anyone. */
    @ParameterizedTest
    @EnumSource
    void M05_aDescriptorThatIsNoEventIsRefused(NotAnEvent kind, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        try (Fd memory = Memfd.create("guest-ram", 4096, true);
                UnixSocket.Pair sockets = UnixSocket.pair();
                Pipe pipe = Pipe.create(4096);
                Fd nothing = OddFiles.forBoth(Path.of("/dev/null"));
                Fd path = OddFiles.pathOnly(Path.of("/dev/null"))) {
            Fd fd = switch (kind) {
                case PIPE -> pipe.writeEnd();
                case SOCKET -> sockets.first().fd();
                case MEMORY -> memory;
                case NULL -> nothing;
                case PATH -> path;
            };
            for (VhostUserRequest request : List.of(SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR)) {
                boolean mayBeCalled = kind == NotAnEvent.PIPE || kind == NotAnEvent.SOCKET;
                if (mayBeCalled && request != SET_VRING_KICK) {
                    talk.isAccepted(request, Payloads.u64(0), fd);
                } else {
                    talk.isRefused(request, Payloads.u64(0), fd);
                }
            }
        }
    }

    /** Unlike with an eventfd its owner's flags do not matter: nothing is ever written to it that has to wait. */
    @Test
    void M05_aFullSocketThatIsCalledHoldsUpNobody(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        try (UnixSocket.Pair sockets = UnixSocket.pair()) {
            Fd fd = sockets.first().fd();
            try (VhostUserFrontEnd filler = VhostUserFrontEnd.over(UnixSocket.adopt(FileDescriptors.duplicate(fd)))) {
                filler.replyTimeoutNanos(1_000_000);
                assertThrows(FrontEndException.class, () -> {
                    for (int i = 0; i < 10_000; i++) {
                        filler.sendBytes(new byte[4096]);
                    }
                });
            }
            FileDescriptors.setNonBlocking(fd, false);
            villain.frontEnd.setVringCall(1, fd);
            for (int slot = 0; slot < SPLIT.ringSize(); slot++) {
                villain.sendGood(slot);
            }
            trial.yard().awaitCanary();
        }
        trial.allow("calls\\.failed");
    }

    /** What a message says of its length is never allocated: the judgement looks at the memory. */
    @ParameterizedTest
    @ValueSource(ints = {4096, 4097, Integer.MAX_VALUE})
    void M06_theLengthOfAMessageAllocatesNothing(int size, Trial trial) {
        for (int i = 0; i < 50; i++) {
            Talk talk = Talk.fresh(trial);
            talk.say(Messages.of(SET_FEATURES.id(), Messages.PLAIN, size, new byte[8]));
            talk.frontEnd().close();
        }
        trial.expect(size > 4096 ? Talk.REFUSED : "front-end.cut-off", 50);
    }

    /** Frames of 64 KiB and the smallest ones, as fast as one guest can: the canary's own limit is the judge. */
    @ParameterizedTest
    @ValueSource(ints = {14, 65_000})
    void M07_aGuestThatFloodsHoldsUpNobody(int byteLength, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue queue = villain.transmit();
        byte[] frame = Frames.toAll(byteLength, 7);
        long buffer = villain.frameBuffer(frame);
        int[] all = new int[SPLIT.ringSize()];
        queue.descriptor(0, buffer, Frames.HEADER_BYTES + (long) byteLength, 0, 0);
        trial.overloadsTheBystander();
        AtomicBoolean ending = new AtomicBoolean();
        Thread flood = Thread.ofPlatform().start(() -> {
            for (int round = 1; !ending.get(); round++) {
                queue.offer(all);
                queue.awaitUsedIndex(all.length * round);
            }
        });
        try {
            for (int i = 0; i < 20; i++) {
                trial.yard().awaitCanary();
                trial.yard().drainBystander();
            }
        } finally {
            ending.set(true);
            join(flood);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    @Test
    void M08_aBrokenQueueCostsNoProcessor(Trial trial) {
        Villain villain = trial.villain(SPLIT.withQueuePairs(2));
        for (VillainQueue queue : villain.queues) {
            if (queue.index % 2 == 1) {
                queue.offer(0xffff);
                queue.awaitBroken();
                // It is full of work that nobody takes, and its driver kicks on.
                queue.publish(1);
            }
        }
        trial.expect("rings.broken", 2);
        trial.yard().assertIdle();
    }

    /** Nothing is kept for a guest that takes nothing: what finds no buffer is gone, and the memory is as it was. */
    @Test
    void M09_aGuestThatNeverTakesWhatCameHoldsUpNobody(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue receive = villain.receive();
        int[] heads = new int[receive.size()];
        for (int i = 0; i < heads.length; i++) {
            heads[i] = i;
            receive.descriptor(i, villain.memory.writable(2048), 2048, VillainQueue.WRITE, 0);
        }
        receive.offer(heads);
        int frames = 1000;
        for (int i = 0; i < frames; i++) {
            trial.yard().sendFromBystander(Frames.toAll(1400, i));
        }
        receive.awaitUsed(heads.length);
        trial.expect("out.dropped.no-buffer", frames - heads.length);
    }

    @Test
    void M10_refusalsWithoutEndAreCountedAndNotAllWritten(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        byte[] message = Messages.of(SET_VRING_NUM, Messages.ASKING, Payloads.vringState(0, 3));
        for (int i = 0; i < MESSAGES / 10; i++) {
            talk.say(message);
            talk.isTold(SET_VRING_NUM, 1);
        }
        trial.expect(Talk.REFUSED, MESSAGES / 10);
    }

    @Test
    void M10_brokenRingsWithoutEndAreCountedAndNotAllWritten(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue queue = villain.transmit();
        int times = 200;
        for (int i = 0; i < times; i++) {
            queue.offer(0xffff);
            queue.awaitBroken();
            villain.frontEnd.getVringBase(1);
            queue.clear();
            villain.start(queue);
        }
        trial.expect("rings.broken", times);
    }

    @Test
    void M05_theSameEventMayServeEveryQueue(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        try (EventFd one = EventFd.create(true, 0)) {
            for (VillainQueue queue : villain.queues) {
                villain.frontEnd.setVringCall(queue.index, one.fd());
                villain.frontEnd.setVringErr(queue.index, one.fd());
            }
            villain.sendGood(0);
        }
    }
}
