package io.annulet.backend.control;

import io.annulet.linux.Mapping;
import io.annulet.linux.MemoryAdvice;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that have missing pages of a guest's memory brought in, and wait for them where nobody else may: within a system
 * call, so that a page which never comes stops no other thread of the JVM. Used by the control thread.
 */
final class PageFetcher implements AutoCloseable {

    private static final int MOST_THREADS = 8;
    private static final int QUESTIONS_A_RING = 16;

    /** Who is told that pages have come. */
    @FunctionalInterface
    interface Fetched {

        /**
         * On a thread of the fetcher.
         *
         * @param result 0, or the negative error number
         */
        void onFetched(long result);
    }

    private final ThreadPoolExecutor threads;

    /** @param rings that may ask */
    PageFetcher(String port, int rings) {
        int most = Math.min(2 * rings, MOST_THREADS);
        threads = new ThreadPoolExecutor(
                most,
                most,
                1,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(QUESTIONS_A_RING * rings),
                Thread.ofPlatform().daemon().name("populate-" + port).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Brings pages in that a mapping has at {@code address}. If the mapping is gone meanwhile, it fails.
     *
     * @return false if as many are on their way as may be
     */
    boolean fetch(long address, long byteLength, Fetched then) {
        try {
            threads.execute(() -> then.onFetched(MemoryAdvice.populateWrite(address, byteLength)));
            return true;
        } catch (RejectedExecutionException full) {
            return false;
        }
    }

    /**
     * Nothing more is fetched. A thread that waits ends when the page comes, or when the {@link Mapping} is gone and it is
     * woken.
     */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
