package io.annulet.cli.study.copy;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.Results;
import io.annulet.cli.study.report.Axis;
import io.annulet.cli.study.report.Chart;
import io.annulet.cli.study.report.Page;
import io.annulet.cli.study.report.Series;
import io.annulet.cli.study.report.Series.Look;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The report of the copy study. */
final class CopyReport {

    /** A route that makes a copy, and one that saves it. */
    private enum Rivals {
        USER(Route.TWO, Route.ONE, "A private copy between two guests"),
        RINGS(Route.BACKEND_TWO, Route.BACKEND, "Likewise, ring to ring through the real ports"),
        NULL(Route.COPY_NULL, Route.GATHER_NULL, "Copy and write, or gather by writev, to a sink that takes no bytes"),
        TAP(Route.COPY_TAP, Route.GATHER_TAP, "Copy and write, or gather by writev, to a tap"),
        PAGES(Route.COPY_PIPE, Route.LEND, "Kernel copy, or pages lent, through a pipe");

        private final Route copying;
        private final Route saving;
        private final String title;

        Rivals(Route copying, Route saving, String title) {
            this.copying = copying;
            this.saving = saving;
            this.title = title;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Results results;
    private final @Nullable Results earlier;
    private final Page page;

    CopyReport(Results results, @Nullable Results earlier, Page page) {
        this.results = results;
        this.earlier = earlier;
        this.page = page;
    }

    Map<String, Object> write() {
        page.section("What a copy costs, and what it costs to save one");
        page.paragraph(
                "One thread carries payloads of 64 B to 64 KiB from a buffer of one guest to where they are wanted,"
                        + " by routes that differ in copies: through a private buffer (two copies), straight into"
                        + " another guest's"
                        + " buffer (one), to the kernel by a write from a private copy or by a writev from the"
                        + " guest's memory, and"
                        + " by lending the guest's pages to the kernel, which then copies nothing. Warm: "
                        + CopyStudy.WARM_BUFFERS + " buffers in turn, which stay in the nearest caches; cold: "
                        + CopyStudy.COLD_BUFFERS + " buffers in turn, so that large payloads come from further away.");
        for (Rivals rivals : Rivals.values()) {
            figure(rivals);
        }
        Map<String, Object> summary = breakEvens();
        memoryHeld();
        return summary;
    }

    private List<Point> points(Results of, Route route, String memory) {
        return of.points(p -> p.has("route", route.key(), "memory", memory)).stream()
                .sorted((one, other) -> Integer.compare(one.number("payload"), other.number("payload")))
                .toList();
    }

    private void figure(Rivals rivals) {
        List<Series> series = new ArrayList<>();
        int colour = 0;
        for (Route route : routes(rivals)) {
            for (String memory : List.of("warm", "cold")) {
                if (points(results, route, memory).isEmpty()) {
                    continue;
                }
                boolean both = !points(results, route, "warm").isEmpty();
                series.add(
                        series(results, route.title() + (both ? ", " + memory : ""), Look.LINE, route, memory, colour));
                if (earlier != null) {
                    series.add(series(earlier, "", Look.EARLIER, route, memory, colour));
                }
                colour++;
            }
        }
        page.figure(
                rivals.key(),
                new Chart(rivals.title, Axis.log2("payload, bytes"), Axis.log10("ns per frame"), series),
                caption(rivals));
    }

    private static List<Route> routes(Rivals rivals) {
        return rivals == Rivals.NULL
                ? List.of(rivals.copying, rivals.saving, Route.WRITE_NULL)
                : List.of(rivals.copying, rivals.saving);
    }

    private static String caption(Rivals rivals) {
        return switch (rivals) {
            case USER ->
                "Copies in user space alone. The second copy reads what the first has just written, so it is"
                        + " cheaper than the first as long as the payload fits into the nearest cache.";
            case RINGS ->
                "The whole way of a frame through the back-end, from available to used: descriptors, snapshot,"
                        + " forwarding, copy. The level part on the left is the price of a frame whatever its length.";
            case NULL ->
                "The system call without anything behind it. What lies between the two level lines is what the"
                        + " kernel charges for a list of two buffers in place of one.";
            case TAP ->
                "The kernel copies each frame once more on either route, and its network stack takes most of the"
                        + " time; counted apart, since no port can save it.";
            case PAGES ->
                "The kernel pins the sender's pages and passes them on, which is what it would do for DMA; the"
                        + " rising part of its curve is the pinning of more pages.";
        };
    }

    private Series series(Results of, String label, Look look, Route route, String memory, int colour) {
        List<Point> points = points(of, route, memory);
        return new Series(
                label,
                points.stream().map(p -> (double) p.number("payload")).toList(),
                points.stream().map(p -> of.median(p, "ns")).toList(),
                points.stream().map(p -> of.least(p, "ns")).toList(),
                points.stream().map(p -> of.most(p, "ns")).toList(),
                look,
                colour);
    }

    private Map<String, Object> breakEvens() {
        page.section("Break-even");
        page.paragraph("The model: a copy of B bytes takes T_copy = B / k, a hand-over without a copy T_zero = n / t"
                + " whatever the length (n hand-overs for a frame, here 1, at t a second), so saving the copy pays from"
                + " n* = k n / t bytes on. Both are fitted by least squares of relative errors to all"
                + " payload lengths: k"
                + " from what a byte more costs on the copying route than on the other, T_zero from what an empty frame"
                + " costs on the other more than on the copying route. Beside it stands where the measured"
                + " curves cross.");
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> summary = new LinkedHashMap<>();
        for (Rivals rivals : Rivals.values()) {
            for (String memory : List.of("warm", "cold")) {
                BreakEven found = breakEven(rivals, memory);
                if (found == null) {
                    continue;
                }
                rows.add(List.of(
                        rivals.saving.title() + ", against " + rivals.copying.title() + " (" + memory + ")",
                        number(found.bytesPerNano()),
                        number(found.zeroNanos()),
                        found.zeroNanos() > 0 ? number(1e3 / found.zeroNanos()) : "\u2013",
                        found.model(),
                        found.measured()));
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("bytesPerNano", found.bytesPerNano());
                map.put("zeroNanos", found.zeroNanos());
                map.put("modelBytes", found.modelBytes());
                map.put("measuredBytes", found.measuredBytes());
                summary.put(rivals.key() + " " + memory, map);
            }
        }
        page.table(
                List.of(
                        "saves a copy",
                        "k, bytes/ns",
                        "T_zero, ns",
                        "t, million/s",
                        "n*, by the model",
                        "n*, measured"),
                rows);
        page.paragraph(
                "k is what one saved byte costs, so it is the rate of the copy that is saved, not of all of them."
                        + " A negative T_zero means that the route without the copy costs less even for an empty"
                        + " frame. The model"
                        + " has one rate for all lengths; where the measured curves bend (a payload that leaves a"
                        + " cache, a second"
                        + " page to be pinned) its n* is off by as much as the rates differ there.");
        return Map.of("breakEven", summary);
    }

    private @Nullable BreakEven breakEven(Rivals rivals, String memory) {
        List<BreakEven.Pair> pairs = new ArrayList<>();
        for (Point point : points(results, rivals.copying, memory)) {
            double copying = results.median(point, "ns");
            double saving = points(results, rivals.saving, memory).stream()
                    .filter(other -> other.get("payload").equals(point.get("payload")))
                    .mapToDouble(other -> results.median(other, "ns"))
                    .findFirst()
                    .orElse(Double.NaN);
            if (Double.isFinite(copying) && Double.isFinite(saving)) {
                pairs.add(new BreakEven.Pair(point.number("payload"), copying, saving));
            }
        }
        return pairs.size() < 3 ? null : BreakEven.of(pairs);
    }

    private void memoryHeld() {
        page.section("Memory held for each frame in flight");
        page.paragraph(
                "What cannot be used for anything else while a frame is on its way. In flight means: after the call"
                        + " that sent it has returned. Where that is 0, nothing of the sender is held by then.");
        List<List<String>> rows = Stream.of(Route.values())
                .filter(route -> !points(results, route, "cold").isEmpty())
                .map(route -> List.of(
                        route.title(),
                        Integer.toString(route.userCopies()),
                        Integer.toString(route.kernelCopies()),
                        held(route, 64) + " / " + held(route, 1518) + " / " + held(route, 65_536),
                        route.held()))
                .toList();
        page.table(
                List.of(
                        "route",
                        "copies in user space",
                        "copies by the kernel",
                        "bytes held, for 64 / 1,518 / 65,536 B",
                        "what is held"),
                rows);
        page.paragraph(
                "DMA, where a port offers it, holds what lent pages hold: every page of the frame, pinned until the"
                        + " card is done with it, so a small frame holds 4 KiB.");
    }

    private static String held(Route route, int payload) {
        return String.format(Locale.ROOT, "%,d", route.heldBytes(payload));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) < 100 ? "%.2f" : "%,.0f", value);
    }
}
