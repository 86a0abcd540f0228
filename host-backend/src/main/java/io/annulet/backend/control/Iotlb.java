package io.annulet.backend.control;

import io.annulet.memory.IoTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is known of I/O addresses, what is asked of them, and where the rings are that workers have by that; owned by the
 * control thread. A front-end with an IOMMU tells it (vhost-user, QEMU 10, "IOMMU support"); of a guest that arrives by
 * post-copy it is what is there already, see {@link PostcopyMessages}.
 *
 * <p>There are few questions for each ring at a time, and nobody waits for their answers: a queue that needs them is left
 * alone until the table changes. A front-end that does not read its channel is asked again when it says something itself.
 */
final class Iotlb {

    /** The same question is asked again if it is still open then, and the table changes. */
    private static final long ASK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * @param ring that needs it
     * @param sent whether the channel took it
     * @param nanos when it was asked
     */
    private record Question(int ring, long ioAddress, int access, boolean sent, long nanos) {

        boolean isFor(long otherAddress, int otherAccess) {
            return ioAddress == otherAddress && access == otherAccess;
        }

        boolean isFresh(long nowNanos) {
            return sent && nowNanos - nanos < ASK_AGAIN_NANOS;
        }

        Question with(boolean isSent, long nowNanos) {
            return new Question(ring, ioAddress, access, isSent, nowNanos);
        }
    }

    private final List<Question> questions = new ArrayList<>();
    private final RingLayout.@Nullable Place[] places;
    private IoTable table = IoTable.EMPTY;
    private @Nullable MemorySource source;

    Iotlb(int rings) {
        places = new RingLayout.@Nullable Place[rings];
    }

    IoTable table() {
        return table;
    }

    /** Another table is in force: what was asked and is told now is not asked any more. */
    void table(IoTable next) {
        table = next;
        questions.removeIf(question -> isKnown(question.ioAddress, question.access));
        askUnsent();
    }

    private boolean isKnown(long ioAddress, int access) {
        return table.firstMissing(ioAddress, 1, access) != ioAddress;
    }

    /** Asks somebody else from now on, or nobody; also to be called when who is asked can be asked again. */
    void source(@Nullable MemorySource next) {
        source = next;
        questions.replaceAll(question -> question.with(false, question.nanos));
        askUnsent();
    }

    /**
     * Asks what stands behind addresses that a ring needs, instead of what it needed before; not for those that are known, or
     * were just asked.
     */
    void ask(int ring, long[] ioAddresses, int[] accesses) {
        long now = System.nanoTime();
        List<Question> next = new ArrayList<>();
        for (int i = 0; i < ioAddresses.length; i++) {
            if (!isKnown(ioAddresses[i], accesses[i])) {
                next.add(open(ring, ioAddresses[i], accesses[i], now));
            }
        }
        questions.removeIf(question -> question.ring == ring);
        questions.addAll(next);
        askUnsent();
    }

    private Question open(int ring, long ioAddress, int access, long now) {
        for (Question open : questions) {
            if (open.isFor(ioAddress, access) && open.isFresh(now)) {
                return new Question(ring, ioAddress, access, true, open.nanos);
            }
        }
        return new Question(ring, ioAddress, access, false, now);
    }

    private void askUnsent() {
        MemorySource to = source;
        for (int i = 0; i < questions.size() && to != null; i++) {
            Question question = questions.get(i);
            if (!question.sent) {
                if (!to.miss(question.ioAddress, question.access)) {
                    return;
                }
                questions.set(i, question.with(true, System.nanoTime()));
            }
        }
    }

    /** Whether a ring is with its worker. */
    boolean isWorked(int ring) {
        return places[ring] != null;
    }

    /** Where the parts of a ring are with which its worker works; null if it has not got it. */
    RingLayout.@Nullable Place place(int ring) {
        return places[ring];
    }

    void place(int ring, RingLayout.@Nullable Place place) {
        places[ring] = place;
    }

    /** A ring was stopped. */
    void stopped(int ring) {
        places[ring] = null;
        questions.removeIf(question -> question.ring == ring);
    }

    /** No ring runs, and a front-end need not say any more what it takes back: nothing is known from now on. */
    void forget() {
        table = IoTable.EMPTY;
        questions.clear();
        Arrays.fill(places, null);
    }
}
