package io.annulet.guest.conform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A small back-end with two ports in this process that does everything right, or all but one thing. One thread works all
 * of it; the test's thread starts and stops that.
 */
final class ReferenceBackEnd implements BackEnd {

    private static final long IDLE_NANOS = 20_000;

    private final Set<Flaw> flaws;
    private final Path folder;
    private @Nullable Thread thread;
    private volatile boolean stopping;
    private volatile String end = "";

    private ReferenceBackEnd(Set<Flaw> flaws) {
        this.flaws = flaws;
        try {
            this.folder = Files.createTempDirectory("reference-back-end-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ReferenceBackEnd right() {
        return new ReferenceBackEnd(EnumSet.noneOf(Flaw.class));
    }

    static ReferenceBackEnd wrong(Flaw flaw) {
        return new ReferenceBackEnd(EnumSet.of(flaw));
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public int ports() {
        return 2;
    }

    @Override
    public Path socket(int port) {
        return folder.resolve(port + ".sock");
    }

    @Override
    public boolean start() {
        stop();
        stopping = false;
        end = "";
        Thread started = Thread.ofPlatform().name("reference-back-end").daemon().unstarted(this::serve);
        thread = started;
        started.start();
        return true;
    }

    private void serve() {
        Set<Flaw> none = EnumSet.noneOf(Flaw.class);
        try (ReferencePort first = new ReferencePort(socket(0), flaws);
                ReferencePort second = new ReferencePort(socket(1), none)) {
            ReferenceTransmit fromFirst = new ReferenceTransmit(flaws, new ReferenceReceive(second, none));
            ReferenceTransmit fromSecond = new ReferenceTransmit(none, new ReferenceReceive(first, flaws));
            while (!stopping) {
                boolean busy = first.step();
                busy |= second.step();
                busy |= fromFirst.forward(first);
                busy |= fromSecond.forward(second);
                if (!busy) {
                    LockSupport.parkNanos(IDLE_NANOS);
                }
            }
        } catch (RuntimeException e) {
            end = "the back-end ended: " + e;
        }
    }

    @Override
    public boolean isAlive() {
        Thread current = thread;
        return current != null && current.isAlive();
    }

    @Override
    public String obituary() {
        return end;
    }

    @Override
    public Termination terminate(long timeoutNanos) {
        if (flaws.contains(Flaw.IGNORES_TERM)) {
            return Termination.STAYED;
        }
        stop();
        return Termination.ENDED;
    }

    @Override
    public void stop() {
        Thread current = thread;
        stopping = true;
        if (current != null) {
            try {
                current.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            thread = null;
        }
    }

    @Override
    public void close() {
        stop();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What can be wrong with it, for a message. */
    List<Flaw> flaws() {
        return List.copyOf(flaws);
    }
}
