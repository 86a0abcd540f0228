package io.annulet.hostile;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.RamRegion;
import io.annulet.journey.FullFileSystem;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** N04: memory that is long enough, but has holes that nothing fills: touching it fails, whether it is sealed or not. */
@Tag("root")
@ExtendWith(Hostile.class)
@Timeout(240)
final class LackingPagesCasesTest {

    private static final long HOLE_BYTES = 2L << 20;
    private static final long HOLE_AT = 1L << 40;
    private static final String LOST = "front-end.memory-lost";

    /** What has no page to give. */
    enum Without {
        TMPFS {
            @Override
            FullFileSystem mount() {
                return FullFileSystem.tmpfs();
            }
        },
        HUGE_PAGES {
            @Override
            FullFileSystem mount() {
                return FullFileSystem.hugePages();
            }
        };

        abstract FullFileSystem mount();
    }

    @BeforeAll
    static void mayMount() {
        FullFileSystem.obstacle().ifPresent(why -> assumeTrue(false, why));
    }

    private static void share(Villain villain, Fd file) {
        villain.frontEnd.addMemRegion(new RamRegion(file, 0, HOLE_AT, HOLE_AT, HOLE_BYTES, 0));
    }

    /** Its frames are in a hole. */
    @ParameterizedTest
    @EnumSource
    void N04_whoSendsOutOfAHoleThatNothingFillsLosesItsPort(Without without, Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        try (FullFileSystem full = without.mount();
                Fd file = Memfd.createIn(full.folder(), HOLE_BYTES)) {
            share(villain, file);
            villain.transmit().offerBuffer(0, HOLE_AT, 1412, 0);
            villain.awaitClosed();
        }
        trial.expect(LOST, 1);
    }

    /** A frame of another guest is for it: that one must not be taken for the one whose memory failed. */
    @ParameterizedTest
    @EnumSource
    void N04_whoReceivesIntoAHoleThatNothingFillsLosesItsPortAndTheSenderDoesNot(Without without, Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        try (FullFileSystem full = without.mount();
                Fd file = Memfd.createIn(full.folder(), HOLE_BYTES)) {
            share(villain, file);
            villain.receive().offerBuffer(0, HOLE_AT, 2048, VillainQueue.WRITE);
            trial.yard().sendFromBystander(Frames.toAll(1400, 1));
            villain.awaitClosed();
        }
        trial.expect(LOST, 1);
        trial.allow("out\\.dropped\\.(memory-lost|not-ready)");
    }
}
