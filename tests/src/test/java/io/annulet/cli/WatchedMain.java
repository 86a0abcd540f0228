package io.annulet.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * The {@code annulet} command in a process that tells how much native memory it holds: for each line that it reads it
 * collects garbage and prints one line. It needs {@code -XX:NativeMemoryTracking=summary}.
 */
public final class WatchedMain {

    public static final String ANSWER = "native memory: ";

    /** What Java code allocated: arenas and direct buffers. */
    private static final Pattern OTHER = Pattern.compile("- +Other \\(reserved=(\\d+)");

    private WatchedMain() {}

    public static void main(String[] args) {
        Thread.ofPlatform().daemon().name("watched").start(WatchedMain::answer);
        Main.main(args);
    }

    @SuppressWarnings("SystemOut")
    private static void answer() {
        try (BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            ObjectName commands = new ObjectName("com.sun.management:type=DiagnosticCommand");
            while (questions.readLine() != null) {
                System.gc();
                Object report = ManagementFactory.getPlatformMBeanServer()
                        .invoke(
                                commands,
                                "vmNativeMemory",
                                new Object[] {new String[] {"summary", "scale=1"}},
                                new String[] {String[].class.getName()});
                Matcher other = OTHER.matcher(String.valueOf(report));
                System.out.println(ANSWER + (other.find() ? other.group(1) : report));
            }
        } catch (IOException | JMException e) {
            System.out.println(ANSWER + e);
        }
    }
}
