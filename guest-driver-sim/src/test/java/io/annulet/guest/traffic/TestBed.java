package io.annulet.guest.traffic;

import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.guest.peer.BackEndOptions;
import io.annulet.guest.peer.ReferenceBackEnd;
import io.annulet.linux.UnixSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs and the reference back-end that links their guests. */
final class TestBed implements AutoCloseable {

    final Interruption interruption = new Interruption();
    final TrafficRun run;
    TrafficProgress.Listener onProgress = progress -> {};
    private final List<TrafficRun> runs = new ArrayList<>();
    private final ReferenceBackEnd backEnd;

    /** One run with all guests, or with several options a run with one guest for each. */
    TestBed(int guests, BackEndOptions backEndOptions, TrafficOptions... options) {
        List<UnixSocket.Pair> pairs = new ArrayList<>();
        for (int i = 0; i < guests; i++) {
            pairs.add(UnixSocket.pair());
        }
        backEnd = ReferenceBackEnd.over(
                pairs.stream().map(UnixSocket.Pair::second).toList(), backEndOptions);
        int guestsEach = guests / options.length;
        for (int i = 0; i < options.length; i++) {
            runs.add(connect(pairs.subList(i * guestsEach, (i + 1) * guestsEach), options[i]));
        }
        run = runs.getFirst();
    }

    private TrafficRun connect(List<UnixSocket.Pair> pairs, TrafficOptions options) {
        List<String> names = new ArrayList<>();
        List<TrafficRun.Connector> connectors = new ArrayList<>();
        for (UnixSocket.Pair pair : pairs) {
            names.add("guest " + (char) ('a' + names.size()));
            connectors.add(() -> VhostUserFrontEnd.over(pair.first()));
        }
        return TrafficRun.connect(
                names, connectors, options, interruption, progress -> onProgress.onProgress(progress));
    }

    /** Starts all runs, the last first, and returns their reports in their order. */
    PhaseReport[] runTogether() {
        PhaseReport[] reports = new PhaseReport[runs.size()];
        List<Thread> threads = new ArrayList<>();
        for (int i = runs.size() - 1; i > 0; i--) {
            int index = i;
            threads.add(Thread.ofPlatform()
                    .start(() -> reports[index] = runs.get(index).run()));
        }
        reports[0] = run.run();
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(Arrays.toString(reports), e);
            }
        }
        return reports;
    }

    @Override
    public void close() {
        runs.forEach(TrafficRun::close);
        backEnd.close();
    }
}
