package io.annulet.backend.capture;

import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.PortException;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * The captures of a back-end. From any thread, which may wait up to two seconds; not the control loop's.
 *
 * <p>Those that are begun before there are workers begin with them.
 */
public final class Captures implements AutoCloseable {

    /** Each has a ring of 4 MiB for each worker. */
    public static final int MOST_CAPTURES = 8;

    /** What has ended by itself is remembered, so many of it. */
    private static final int MOST_ENDED = 16;

    private static final long PATIENCE_MILLIS = 1000;

    private record Capture(List<CaptureShard> shards, CaptureWriter writer) {}

    private final int workerCount;
    private final Map<Integer, Capture> running = new LinkedHashMap<>();
    private final Map<Integer, CaptureStatus> ended = new LinkedHashMap<>();
    private List<WorkerProxy> workers = List.of();
    private int lastId;

    public Captures(int workerCount) {
        this.workerCount = workerCount;
    }

    /** From now on these move the frames. */
    public synchronized void attach(List<WorkerProxy> proxies) {
        workers = List.copyOf(proxies);
        observe();
    }

    /**
     * Begins a capture into the file that its options name.
     *
     * @return the number by which it is known
     * @throws PortException if the file cannot be made
     */
    public synchronized int start(CaptureOptions options) {
        CaptureOptions.Rotation rotation = options.rotation();
        try {
            return start(options, new CaptureFiles(Path.of(options.file()), !rotation.isNone(), rotation.files()));
        } catch (IOException e) {
            throw new PortException(
                    "capture to " + options.file(),
                    reason(e),
                    "check the folder, the rights to write there and the room on the disk",
                    e);
        }
    }

    /** Likewise into a channel, which is closed when the capture ends. Its thread may wait in the channel. */
    public synchronized int start(CaptureOptions options, WritableByteChannel to) {
        try {
            return start(options, new ChannelSink(options.file(), to));
        } catch (IOException e) {
            throw new PortException("capture to " + options.file(), reason(e), "see that somebody reads it", e);
        }
    }

    private int start(CaptureOptions options, CaptureSink sink) throws IOException {
        boolean begun = false;
        try {
            if (running.size() == MOST_CAPTURES) {
                throw new PortException(
                        "capture to " + options.file(), "there are " + MOST_CAPTURES + " captures", "stop one");
            }
            Interfaces interfaces = new Interfaces();
            long offset = CaptureShard.epochOffsetNanos();
            List<CaptureShard> shards = Stream.generate(() -> new CaptureShard(options, interfaces, offset))
                    .limit(workerCount)
                    .toList();
            int id = ++lastId;
            CaptureWriter writer = new CaptureWriter(options, interfaces, shards, sink, () -> forget(id));
            writer.start();
            running.put(id, new Capture(shards, writer));
            begun = true;
            observe();
            return id;
        } finally {
            if (!begun) {
                sink.close();
            }
        }
    }

    private static String reason(IOException e) {
        String said = e instanceof FileSystemException refused ? refused.getReason() : e.getMessage();
        return switch (e) {
            case NoSuchFileException missing -> "no such folder";
            case AccessDeniedException denied -> "permission denied";
            default -> said == null ? e.toString() : said;
        };
    }

    /** Ends a capture, with all that was seen before this was called; false if there is none of this number. */
    public boolean stop(int id) {
        Capture capture;
        synchronized (this) {
            capture = running.remove(id);
            if (capture == null) {
                return ended.containsKey(id);
            }
            observe();
        }
        capture.writer().close();
        remember(id, capture);
        return true;
    }

    /** On the thread of a writer that has ended by itself. */
    private synchronized void forget(int id) {
        Capture capture = running.remove(id);
        if (capture != null) {
            remember(id, capture);
            List<CaptureShard[]> rest = shardsOfWorkers();
            for (int i = 0; i < workers.size(); i++) {
                workers.get(i).observe(CaptureShard.all(rest.get(i)), () -> {});
            }
        }
    }

    private synchronized void remember(int id, Capture capture) {
        ended.put(id, capture.writer().status(id));
        if (ended.size() > MOST_ENDED) {
            ended.remove(ended.keySet().iterator().next());
        }
    }

    /** Returns once all workers see it so. */
    private void observe() {
        List<CaptureShard[]> shards = shardsOfWorkers();
        List<CompletableFuture<Void>> done = new ArrayList<>();
        for (int i = 0; i < workers.size(); i++) {
            CompletableFuture<Void> seen = new CompletableFuture<>();
            workers.get(i).observe(CaptureShard.all(shards.get(i)), () -> seen.complete(null));
            done.add(seen);
        }
        try {
            CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new IllegalStateException("a worker does not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<CaptureShard[]> shardsOfWorkers() {
        List<CaptureShard[]> shards = new ArrayList<>();
        for (int i = 0; i < workers.size(); i++) {
            int worker = i;
            shards.add(running.values().stream()
                    .map(capture -> capture.shards().get(worker))
                    .toArray(CaptureShard[]::new));
        }
        return shards;
    }

    /** All that run, and the last ones that have ended, by their numbers. */
    public synchronized List<CaptureStatus> list() {
        List<CaptureStatus> all = new ArrayList<>(ended.values());
        running.forEach((id, capture) -> all.add(capture.writer().status(id)));
        return all;
    }

    /** Ends all; the workers are still there, or have ended. */
    @Override
    public void close() {
        List<Capture> all;
        synchronized (this) {
            all = List.copyOf(running.values());
            running.clear();
        }
        all.forEach(capture -> capture.writer().close());
    }
}
