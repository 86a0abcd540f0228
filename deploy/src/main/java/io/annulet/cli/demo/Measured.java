package io.annulet.cli.demo;

import io.annulet.cli.CommandFailure;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads figures out of what ping and iperf3 print. */
final class Measured {

    /** Both the ping of iputils and that of busybox. */
    private static final Pattern PING_COUNTS =
            Pattern.compile("(\\d+) packets transmitted, (\\d+) (?:packets )?received");

    private static final Pattern PING_TIMES =
            Pattern.compile("min/avg/max\\S* = (\\d+\\.\\d+)/(\\d+\\.\\d+)/(\\d+\\.\\d+)");

    /** With -f k, so that no digit is rounded away. */
    private static final Pattern IPERF_RECEIVER = Pattern.compile("(\\d+(?:\\.\\d+)?) Kbits/sec .*receiver");

    private Measured() {}

    /** @throws CommandFailure if nothing came back */
    static Figure ping(String name, String output) {
        Matcher counts = PING_COUNTS.matcher(output);
        Matcher times = PING_TIMES.matcher(output);
        if (!counts.find() || !times.find()) {
            throw new CommandFailure(name + ": no answer", "look at the counters and the guests' consoles");
        }
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("sent", Long.parseLong(counts.group(1)));
        values.put("received", Long.parseLong(counts.group(2)));
        values.put("minMicros", micros(times.group(1)));
        values.put("avgMicros", micros(times.group(2)));
        values.put("maxMicros", micros(times.group(3)));
        String text = times.group(1) + " / " + times.group(2) + " / " + times.group(3) + " ms min / avg / max";
        return new Figure(name, text, values);
    }

    private static long micros(String millis) {
        return Math.round(Double.parseDouble(millis) * 1_000);
    }

    /** @param output of an iperf3 client with -f k */
    static Figure tcp(String name, String output) {
        Matcher rate = IPERF_RECEIVER.matcher(output);
        if (!rate.find()) {
            throw new CommandFailure(name + ": iperf3 tells no rate: " + output.strip(), "run it by hand");
        }
        long bitsPerSecond = Math.round(Double.parseDouble(rate.group(1)) * 1_000);
        return new Figure(name, bitsPerSecond / 1_000_000 + " Mbit/s", Map.of("bitsPerSecond", bitsPerSecond));
    }
}
