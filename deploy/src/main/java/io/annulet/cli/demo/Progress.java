package io.annulet.cli.demo;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows steps, a line for each, with the time it took; any thread may use it.
 *
 * <p>On a terminal the line is there while the step runs. Elsewhere it comes when the step is done, and in between only
 * when that takes long. Lines wait for the headline, so that it is the first.
 */
public final class Progress implements AutoCloseable {

    private static final long TICK_MILLIS = 200;
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(15);

    private static final String ERASE_LINE = "\r\033[K";
    private static final String NO_WRAP = "\033[?7l";
    private static final String WRAP = "\033[?7h";

    private final PrintWriter out;
    private final boolean isTerminal;
    private final Thread ticker;
    private final List<String> held = new ArrayList<>();
    private boolean hasHeadline;
    private boolean isSilent;
    private boolean isPainted;
    private @Nullable String step;
    private String note = "";
    private long beganNanos;
    private long shownNanos;

    /** @param isTerminal whether lines can be painted over */
    public Progress(PrintWriter out, boolean isTerminal) {
        this.out = out;
        this.isTerminal = isTerminal;
        ticker = Thread.ofPlatform().daemon().name("progress").start(this::tick);
    }

    /** Shows the headline and then the steps that were done before it. */
    public synchronized void headline(String text) {
        hasHeadline = true;
        print(text);
        print("");
        held.forEach(this::print);
        held.clear();
    }

    /** Runs a step. */
    public void step(String name, Runnable body) {
        step(name, () -> {
            body.run();
            return name;
        });
    }

    /**
     * Runs a step.
     *
     * @throws StepFailure if it throws
     */
    public <T> T step(String name, Supplier<T> body) {
        begin(name);
        try {
            T result = body.get();
            end("ok");
            return result;
        } catch (RuntimeException e) {
            end("FAIL");
            throw new StepFailure(name, e);
        }
    }

    public synchronized void begin(String name) {
        step = name;
        note = "";
        beganNanos = System.nanoTime();
        shownNanos = beganNanos;
        paint();
    }

    /** Says more about the step: what it is at, or in the end what came of it. */
    public synchronized void note(String text) {
        note = text;
    }

    public synchronized void end(String verdict) {
        String line = line(verdict);
        step = null;
        if (hasHeadline) {
            print(line);
        } else {
            held.add(line);
        }
    }

    /** Forgets a step that was begun. */
    public synchronized void abandon() {
        step = null;
        erase();
    }

    /** Shows nothing any more: the program is ending, and what fails now fails because of that. */
    public synchronized void silence() {
        erase();
        isSilent = true;
    }

    @Override
    public void close() {
        ticker.interrupt();
        silence();
    }

    private void tick() {
        try {
            while (true) {
                Thread.sleep(TICK_MILLIS);
                showStep();
            }
        } catch (InterruptedException e) {
            // Closed: there is nothing to show any more.
            return;
        }
    }

    private synchronized void showStep() {
        if (isTerminal) {
            paint();
        } else if (step != null && hasHeadline && System.nanoTime() - shownNanos > LONG_NANOS) {
            shownNanos = System.nanoTime();
            print(line("..."));
        }
    }

    private String line(String verdict) {
        double seconds = (System.nanoTime() - beganNanos) / 1e9;
        return String.format(Locale.ROOT, "  %-4s %6.1f s  %s", verdict, seconds, step)
                + (note.isEmpty() ? "" : ": " + note);
    }

    private void print(String line) {
        if (isSilent) {
            return;
        }
        erase();
        out.println(line);
        paint();
        out.flush();
    }

    private void paint() {
        if (isTerminal && step != null && !isSilent) {
            isPainted = true;
            out.print(ERASE_LINE + NO_WRAP + line("...") + WRAP);
            out.flush();
        }
    }

    private void erase() {
        if (isPainted && !isSilent) {
            isPainted = false;
            out.print(ERASE_LINE);
            out.flush();
        }
    }
}
