package io.annulet.soak;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RawRing;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.PacedTraffic;
import io.annulet.journey.Pause;
import io.annulet.linux.FileDescriptors;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** Front-ends and guests that misbehave at one port, one after the other; used by one thread. */
final class Villain {

    static final String PORT = "villain";
    private static final long LIMIT_NANOS = Duration.ofSeconds(20).toNanos();
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long RAM_BYTES = 16L << 20;

    /** What it can do. */
    enum Fault {
        GARBAGE,
        VANISHING_FRONT_END,
        SCRIBBLED_RINGS,
        TRUNCATED_MEMORY,
        FLOOD,
        INDEX_JUMP
    }

    private final BackendProcess backend;
    private final RandomGenerator random;

    Villain(BackendProcess backend, RandomGenerator random) {
        this.backend = backend;
        this.random = random;
    }

    /** Does it; what becomes of the front-end is its own affair. */
    void commit(Fault fault) {
        try {
            switch (fault) {
                case GARBAGE -> garbage();
                case VANISHING_FRONT_END -> vanish();
                case SCRIBBLED_RINGS -> asGuest(GuestOptions.DEFAULTS, this::scribble);
                case TRUNCATED_MEMORY ->
                    asGuest(
                            GuestOptions.DEFAULTS.withRam(
                                    RamOptions.of(RAM_BYTES).withBacking(RamOptions.Backing.SHM_FILE)),
                            this::truncate);
                case FLOOD -> asGuest(GuestOptions.DEFAULTS, this::flood);
                case INDEX_JUMP -> asGuest(GuestOptions.DEFAULTS, this::jump);
            }
        } catch (FrontEndException | IllegalStateException | IndexOutOfBoundsException stumbled) {
            // It was refused or thrown out, or its own driver fell over what it wrote.
        }
    }

    private void garbage() {
        byte[] bytes = new byte[1 + random.nextInt(4096)];
        random.nextBytes(bytes);
        try (VhostUserFrontEnd frontEnd = connect()) {
            frontEnd.sendBytes(bytes);
        }
    }

    private void vanish() {
        try (VhostUserFrontEnd frontEnd = connect()) {
            frontEnd.setFeatures(frontEnd.getFeatures());
        }
    }

    private VhostUserFrontEnd connect() {
        return VhostUserFrontEnd.connect(backend.socket(PORT), LIMIT_NANOS);
    }

    /** What a guest does once it is attached. */
    private interface Deed {
        void by(SimulatedGuest guest);
    }

    private void asGuest(GuestOptions options, Deed deed) {
        try (SimulatedGuest guest = SimulatedGuest.connect(backend.socket(PORT), options)) {
            deed.by(guest);
        }
    }

    private void scribble(SimulatedGuest guest) {
        for (int i = 0; i < 2000; i++) {
            RawRing ring = guest.driver().vrings().get(random.nextInt(2)).ring();
            ring.descriptor(
                    random.nextInt(ring.size()),
                    random.nextLong(),
                    random.nextInt(),
                    random.nextInt(8),
                    random.nextInt(ring.size() + 2));
            if (i % 100 == 0) {
                send(guest, 8);
            }
        }
    }

    private void truncate(SimulatedGuest guest) {
        send(guest, 64);
        FileDescriptors.truncate(guest.ram().regions().getFirst().file(), random.nextBoolean() ? 0 : RAM_BYTES - 4096);
        Pause.millis(20);
    }

    private void flood(SimulatedGuest guest) {
        for (int i = 0; i < 200; i++) {
            send(guest, 64);
            Pause.millis(1);
        }
    }

    private void jump(SimulatedGuest guest) {
        RawRing ring = guest.driver().vrings().get(1).ring();
        ring.availIndex(ring.availIndex() + 1000 + random.nextInt(30_000));
        guest.driver().vrings().get(1).kick();
        Pause.millis(20);
    }

    private void send(SimulatedGuest guest, int frames) {
        DriverTransmitQueue queue = guest.transmitQueue(0);
        FrameFactory factory = new FrameFactory(BROADCAST, PacedTraffic.mac(0xbad), 9);
        for (int i = 0; i < frames; i++) {
            long address = queue.reserve();
            if (address == 0) {
                break;
            }
            int length = 60 + random.nextInt(1400);
            factory.write(address, length);
            queue.submit(length);
        }
        queue.flush();
    }
}
