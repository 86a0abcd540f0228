package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.DriverVring;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.RamRegion;
import io.annulet.guest.RawRing;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.PacedTraffic;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A guest whose rings are scribbled over while the back-end works them harms itself only. */
@Tag("slow")
@Timeout(120)
final class RingNoiseTest {

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long SEED = 20_260_102;
    private static final Duration NOISE = Duration.ofSeconds(4);
    private static final Duration ONE_LIFE = Duration.ofMillis(50);

    @TempDir
    private Path folder;

    private static Stream<Arguments> guests() {
        GuestOptions linux = GuestOptions.DEFAULTS;
        return Stream.of(
                Arguments.of("split rings", linux),
                Arguments.of(
                        "split rings without event indexes and mergeable buffers",
                        linux.without(VirtioFeature.EVENT_IDX | VirtioFeature.NET_MRG_RXBUF)),
                Arguments.of("packed rings", linux.withFeatures(linux.features() | VirtioFeature.RING_PACKED)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("guests")
    void scribbledRingsHarmTheirOwnGuestOnly(String name, GuestOptions options) {
        RandomGenerator random = new Random(SEED);
        try (Yard yard = Yard.open(folder)) {
            long endNanos = System.nanoTime() + NOISE.toNanos();
            while (System.nanoTime() - endNanos < 0) {
                try (SimulatedGuest villain = yard.attach(options)) {
                    liveAndScribble(villain, yard, random.nextLong());
                }
            }
            BackendProcess backend = yard.backend();
            assertTrue(backend.counter(Yard.VILLAIN, "in.frames") > 1000, "hardly anything was sent");
            assertTrue(backend.counter(Yard.VILLAIN, "rings.broken") > 0, "no ring was broken");
            assertTrue(backend.counter(Yard.VILLAIN, "in.dropped.bad-chain") > 0, "no chain was bad");
            assertTrue(backend.counter(Yard.VILLAIN, "out.frames") > 1000, "hardly anything was received");
            yard.assertUnharmed();
        }
    }

    /** A driver goes on sending and receiving as if nothing were, while another thread writes over its rings. */
    private static void liveAndScribble(SimulatedGuest villain, Yard yard, long seed) {
        long endNanos = System.nanoTime() + ONE_LIFE.toNanos();
        Thread scribbler = Thread.ofPlatform().start(() -> scribble(villain, new Random(seed), endNanos));
        FrameFactory fromVillain = new FrameFactory(BROADCAST, PacedTraffic.mac(0xbad), 7);
        FrameFactory fromBystander = new FrameFactory(BROADCAST, PacedTraffic.mac(0xb), 8);
        try {
            while (System.nanoTime() - endNanos < 0) {
                send(yard.bystander().transmitQueue(0), fromBystander, 1200);
                yard.drainBystander();
                send(villain.transmitQueue(0), fromVillain, 600);
                villain.receiveQueue(0).receive(frame -> {}, 16);
                villain.driver().vrings().forEach(DriverVring::kick);
            }
        } catch (IllegalStateException | IndexOutOfBoundsException stumbled) {
            // Over rings like these its own driver may.
        } finally {
            join(scribbler);
        }
    }

    private static void send(DriverTransmitQueue queue, FrameFactory frames, int byteLength) {
        long address = queue.reserve();
        if (address != 0) {
            frames.write(address, byteLength);
            queue.submit(byteLength);
            queue.flush();
        }
    }

    private static void scribble(SimulatedGuest villain, RandomGenerator random, long endNanos) {
        while (System.nanoTime() - endNanos < 0) {
            RawRing ring = villain.driver().vrings().get(random.nextInt(2)).ring();
            for (int i = 0; i < 8; i++) {
                scribble(ring, villain.ram().regions().getFirst(), random);
            }
            LockSupport.parkNanos(20_000);
        }
    }

    /** Most scribbles make bad frames; those that break the ring are rare, or little else would be seen of it. */
    private static void scribble(RawRing ring, RamRegion region, RandomGenerator random) {
        int slot = random.nextInt(ring.size());
        int choice = random.nextInt(1000);
        if (choice < 500) {
            ring.descriptor(slot, address(region, random), byteLength(random), flags(random), next(ring, random));
        } else if (choice < 700) {
            // In a packed ring the last two are a buffer id, and flags that say whose the descriptor is.
            ring.descriptor(slot, address(region, random), byteLength(random), slot, random.nextInt());
        } else if (choice < 720) {
            ring.descriptor(slot, random.nextLong(), random.nextInt(), random.nextInt(), random.nextInt());
        } else if (choice < 900) {
            ring.availHead(slot, next(ring, random));
        } else if (choice < 960) {
            ring.availIndex(ring.availIndex() + 1);
        } else if (choice < 962) {
            ring.availIndex(random.nextInt());
        } else if (choice < 964) {
            ring.usedIndex(random.nextInt());
        } else {
            ring.usedEvent(random.nextInt());
        }
    }

    private static int flags(RandomGenerator random) {
        return random.nextInt(100) == 0 ? random.nextInt(8) : random.nextInt(4);
    }

    private static int next(RawRing ring, RandomGenerator random) {
        return random.nextInt(random.nextInt(100) == 0 ? 2 * ring.size() : ring.size());
    }

    private static long address(RamRegion region, RandomGenerator random) {
        // Now and then it begins or ends outside.
        return region.guestAddress() - 4096 + random.nextLong(region.byteLength() + 8192);
    }

    private static int byteLength(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(16);
            case 1 -> random.nextInt(70_000);
            default -> random.nextInt(2048);
        };
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
