package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.journey.BackendProcess;
import io.annulet.vhostuser.VirtioFeature;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the printed table of features says what a back-end offers, and names tests that exist. */
final class FeaturesTest {

    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final Pattern ROW =
            Pattern.compile("\\| ([A-Z0-9_]+) \\| (always|if set|no)\\b[^|]*\\| ([^|]+) \\|");
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private record Row(String offered, String shownBy) {}

    @TempDir
    private Path folder;

    @Test
    void theTableSaysWhatIsOffered() throws IOException {
        long bare;
        long all;
        try (BackendProcess backend = BackendProcess.start(
                folder,
                "--port",
                BackendProcess.guestPort(folder, "bare"),
                "--port",
                BackendProcess.guestPort(folder, "all", "queues=2", "mtu=1500", "iommu=on"),
                "--port",
                BackendProcess.guestPort(
                        folder, "generic", "profile=generic", "queues=2", "mac=52:54:00:00:00:01", "speed=10000"))) {
            bare = features(backend, "bare");
            all = features(backend, "all") | features(backend, "generic");
        }
        Map<String, Row> table = table();
        Map<String, Long> masks = masks();
        assertEquals(masks.keySet(), table.keySet());
        Map<String, String> truth = new TreeMap<>();
        masks.forEach(
                (name, mask) -> truth.put(name, (bare & mask) != 0 ? "always" : (all & mask) != 0 ? "if set" : "no"));
        Map<String, String> told = new TreeMap<>();
        table.forEach((name, row) -> told.put(name, row.offered()));
        assertEquals(truth, told);
    }

    @Test
    void everyTestThatTheTableNamesExists() throws IOException {
        Set<String> named = new TreeSet<>();
        table().values().forEach(row -> {
            Matcher names = Pattern.compile("\\w+Test\\b").matcher(row.shownBy());
            assertTrue(row.offered().equals("no") || names.find(), () -> "nothing shows it: " + row);
            names.reset();
            while (names.find()) {
                named.add(names.group());
            }
        });
        try (Stream<Path> files = Files.walk(ROOT)) {
            Set<String> there = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("Test.java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.toSet());
            named.removeAll(there);
        }
        assertEquals(Set.of(), named);
    }

    private static long features(BackendProcess backend, String port) {
        try (VhostUserFrontEnd frontEnd = VhostUserFrontEnd.connect(backend.socket(port), LIMIT_NANOS)) {
            return frontEnd.getFeatures();
        }
    }

    private static Map<String, Row> table() throws IOException {
        Map<String, Row> rows = new TreeMap<>();
        for (String line : Files.readAllLines(ROOT.resolve("docs/FEATURES.md"))) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                rows.put(row.group(1), new Row(row.group(2), row.group(3)));
            }
        }
        return rows;
    }

    private static Map<String, Long> masks() {
        Map<String, Long> masks = new TreeMap<>();
        for (Field field : VirtioFeature.class.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers())) {
                try {
                    masks.put(field.getName(), field.getLong(null));
                } catch (IllegalAccessException impossible) {
                    throw new IllegalStateException(impossible);
                }
            }
        }
        return masks;
    }
}
