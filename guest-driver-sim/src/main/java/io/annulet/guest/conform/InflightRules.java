package io.annulet.guest.conform;

import io.annulet.guest.InflightArea;
import io.annulet.guest.InflightNotes;
import io.annulet.guest.Message;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Checks of the notes that a back-end keeps in an area of the front-end's; called by the thread of the run. */
final class InflightRules {

    private static final int QUEUES = 2;
    private static final int FRAMES = 20;

    private InflightRules() {}

    /** The answer holds the area's description and its descriptor. */
    private static Message newArea(Trial trial, ProbeGuest guest) {
        byte[] question = new byte[24];
        ByteBuffer.wrap(question)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(MessageLayout.INFLIGHT_QUEUES, (short) QUEUES)
                .putShort(MessageLayout.INFLIGHT_QUEUE_SIZE, (short) Setup.USUAL_RING_SIZE);
        Message reply = trial.own(guest.frontEnd().ask(VhostUserRequest.GET_INFLIGHT_FD, question));
        ByteBuffer area = reply.payload();
        Stop.unless(
                reply.fds().size() == 1 && area.remaining() >= 20 && area.getLong(MessageLayout.INFLIGHT_MMAP_SIZE) > 0,
                "a descriptor and a size above 0",
                reply.toString());
        return reply;
    }

    private static void handOver(ProbeGuest guest, Message area) {
        byte[] description = new byte[area.payload().remaining()];
        area.payload().get(description);
        guest.frontEnd()
                .tell(VhostUserRequest.SET_INFLIGHT_FD, description, area.fds().getFirst());
    }

    private static ProbeGuest inflightGuest(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.with(ProtocolFeature.INFLIGHT_SHMFD));
        guest.needs(ProtocolFeature.INFLIGHT_SHMFD);
        guest.setFeatures();
        return guest;
    }

    static void inflight(Trial trial) {
        ProbeGuest guest = inflightGuest(trial);
        handOver(guest, newArea(trial, guest));
        guest.settle();
    }

    static void comesBackWithArea(Trial trial) {
        ProbeGuest tested = inflightGuest(trial);
        Message area = newArea(trial, tested);
        handOver(tested, area);
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        tested.crash();
        trial.pause();
        tested.reattach(trial.connect(0));
        tested.setFeatures();
        tested.shareMemory();
        handOver(tested, area);
        for (ProbeQueue queue : tested.queues()) {
            tested.describe(queue, queue.raw().usedIndexAcquire());
            tested.start(queue);
            queue.kick();
        }
        tested.enableAll();
        pair.warmUp();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static InflightNotes notes(Trial trial, Message reply) {
        ByteBuffer payload = reply.payload();
        return trial.own(InflightNotes.map(new InflightArea(
                reply.fds().getFirst(),
                payload.getLong(MessageLayout.INFLIGHT_MMAP_SIZE),
                payload.getLong(MessageLayout.INFLIGHT_MMAP_OFFSET),
                QUEUES,
                Setup.USUAL_RING_SIZE)));
    }

    /** The notes after frames went both ways and all that was sent came back. */
    private static InflightNotes notesAfterTraffic(Trial trial, ProbeGuest tested) {
        Message area = newArea(trial, tested);
        InflightNotes notes = notes(trial, area);
        handOver(tested, area);
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        for (int i = 0; i < FRAMES; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
            pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
        }
        trial.await("all chains that were sent come back", () -> isAllUsed(tested.transmit()));
        return notes;
    }

    private static boolean isAllUsed(ProbeQueue queue) {
        return queue.raw().usedIndexAcquire() == queue.raw().availIndex();
    }

    static void nothingIsInFlight(Trial trial) {
        ProbeGuest tested = inflightGuest(trial);
        InflightNotes notes = notesAfterTraffic(trial, tested);
        int queue = tested.transmit().index();
        boolean landed = trial.comesTrue(trial.limits().waitNanos(), () -> notes.inFlight(queue) == 0);
        Stop.unless(
                landed,
                "no chain of the transmit queue is in flight once all came back",
                notes.inFlight(queue) + " are noted");
    }

    static void usedIndexIsNoted(Trial trial) {
        ProbeGuest tested = inflightGuest(trial);
        InflightNotes notes = notesAfterTraffic(trial, tested);
        ProbeQueue queue = tested.transmit();
        int wanted = queue.raw().usedIndexAcquire();
        boolean noted = trial.comesTrue(trial.limits().waitNanos(), () -> notes.usedIndex(queue.index()) == wanted);
        Stop.unless(
                noted,
                "the area's used index becomes " + wanted + ", as the ring's is",
                "it is " + notes.usedIndex(queue.index()) + ", version " + notes.version(queue.index()) + " of "
                        + notes.descriptors(queue.index()) + " descriptors");
    }
}
