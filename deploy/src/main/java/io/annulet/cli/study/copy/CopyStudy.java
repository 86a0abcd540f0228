package io.annulet.cli.study.copy;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.QuietTap;
import io.annulet.cli.study.Results;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.report.Page;
import io.annulet.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What copies of a frame cost, and from which length on it is cheaper not to make one. */
public final class CopyStudy implements Study {

    static final int WARM_BUFFERS = 4;
    static final int COLD_BUFFERS = 128;

    private static final List<Integer> PAYLOADS =
            List.of(64, 128, 256, 512, 1024, 1518, 2048, 4096, 8192, 16_384, 32_768, 65_536);
    private static final List<Integer> QUICK_PAYLOADS = List.of(64, 1518, 8192, 65_536);
    /** A tap takes what IP can send: 65,535 bytes behind the Ethernet header. */
    private static final int TAP_MTU = 65_521;

    private static final int ROUNDS = 9;

    private final boolean quick;

    public CopyStudy(boolean quick) {
        this.quick = quick;
    }

    @Override
    public String name() {
        return "copy";
    }

    @Override
    public List<String> parameters() {
        return List.of("route", "memory", "payload");
    }

    @Override
    public List<String> metrics() {
        return List.of("ns", "copied", "kernelcopied", "held", "cycles", "misses");
    }

    @Override
    public int rounds() {
        return quick ? 1 : ROUNDS;
    }

    @Override
    public List<Point> points() {
        List<Point> points = new ArrayList<>();
        for (Route route : Route.values()) {
            if (route.needsTap() && !hasTap()) {
                continue;
            }
            for (int payload : quick ? QUICK_PAYLOADS : PAYLOADS) {
                if (route != Route.BACKEND && route != Route.BACKEND_TWO) {
                    points.add(Point.of("route", route.key(), "memory", "warm", "payload", payload));
                }
                points.add(Point.of("route", route.key(), "memory", "cold", "payload", payload));
            }
        }
        return points;
    }

    private static boolean hasTap() {
        return TapAvailability.REASON.isEmpty();
    }

    /** Found out once: whether this process can have a tap. */
    private static final class TapAvailability {
        private static final String REASON = reason();

        private static String reason() {
            try (QuietTap tap = QuietTap.open(TAP_MTU)) {
                return tap.tap().isCreated() ? "" : "the tap existed before";
            } catch (LinuxException e) {
                return String.valueOf(e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return "interrupted";
            }
        }
    }

    @Override
    public Bench open() {
        List<String> lacking = new ArrayList<>();
        if (!hasTap()) {
            lacking.add("Routes to a tap: " + TapAvailability.REASON);
        }
        try {
            return new CopyBench(new Routes(hasTap() ? QuietTap.open(TAP_MTU) : null), lacking, quick);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Map<String, Object> report(Results results, @Nullable Results earlier, Page page) {
        return new CopyReport(results, earlier, page).write();
    }
}
