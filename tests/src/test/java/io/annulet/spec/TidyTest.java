package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a compiler does not mind and a reader does. */
final class TidyTest {
    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final Pattern TEXT =
            Pattern.compile(".*\\.(java|xml|sh|awk|md|options|service|yaml|yml|json)|annulet|run");
    private static final int MOST_LINES = 400;
    private static final int MOST_TEST_LINES = 600;

    /** The formatter holds code to 120; comments are wrapped by hand, and a word too many does not hurt. */
    private static final int MOST_COLUMNS = 128;

    @Test
    void nothingIsLeftForLater() {
        // Put together here, or this file would be the first to be found.
        Pattern later = Pattern.compile("\\b(" + "TO" + "DO|FIX" + "ME|X" + "XX)\\b");
        assertNone(linesWhere(textFiles(), line -> later.matcher(line).find()));
    }

    @Test
    void linesAreNarrowAndEndWhereTheirTextEnds() {
        List<Path> narrow = textFiles().stream()
                .filter(file -> !file.toString().matches(".*\\.(md|xml|service|json|ya?ml)"))
                .toList();
        assertNone(linesWhere(narrow, line -> line.length() > MOST_COLUMNS));
        assertNone(linesWhere(textFiles(), line -> line.endsWith(" ") || line.indexOf('\t') >= 0));
    }

    @Test
    void filesAreRooms() {
        List<String> tooLong = new ArrayList<>();
        for (Path file : javaFiles()) {
            int count = lines(file).size();
            if (count > (file.toString().contains("/src/main/") ? MOST_LINES : MOST_TEST_LINES)) {
                tooLong.add(ROOT.relativize(file) + ": " + count + " lines");
            }
        }
        assertNone(tooLong);
    }

    @Test
    void everyPackageSaysWhatItIsAndIsNullMarked() {
        Set<String> silent = new TreeSet<>();
        for (Path file : javaFiles()) {
            Path about = file.resolveSibling("package-info.java");
            if (file.toString().contains("/src/main/") && !isNullMarked(about)) {
                silent.add(ROOT.relativize(about).toString());
            }
        }
        assertNone(silent);
    }

    @Test
    void onlyHostMemoryAndTheLinuxPackageUseRestrictedMethods() {
        List<Path> others = javaFiles().stream()
                .filter(file -> file.toString().contains("/src/main/"))
                .filter(file -> !file.toString().contains("/io/annulet/linux/"))
                .filter(file -> !file.endsWith("io/annulet/memory/HostMemory.java"))
                .toList();
        assertNone(linesWhere(others, line -> line.contains("@SuppressWarnings(\"restricted\")")));
    }

    @Test
    void disabledTestsSayWhy() {
        assertNone(linesWhere(javaFiles(), line -> line.strip().equals("@" + "Disabled")));
    }

    private static void assertNone(Collection<String> found) {
        assertEquals("", String.join("\n", found));
    }

    private static boolean isNullMarked(Path about) {
        return Files.exists(about)
                && lines(about).contains("@NullMarked")
                && lines(about).getFirst().startsWith("/**");
    }

    private static List<String> linesWhere(List<Path> files, Predicate<String> isWanted) {
        List<String> found = new ArrayList<>();
        for (Path file : files) {
            List<String> lines = lines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (isWanted.test(lines.get(i))) {
                    found.add(ROOT.relativize(file) + ":" + (i + 1) + ": "
                            + lines.get(i).strip());
                }
            }
        }
        return found;
    }

    private static List<Path> javaFiles() {
        List<Path> files = textFiles().stream()
                .filter(file -> file.toString().endsWith(".java"))
                .toList();
        assertTrue(files.size() > 20, "the sources are not at " + ROOT.toAbsolutePath());
        return files;
    }

    private static List<Path> textFiles() {
        List<Path> found = new ArrayList<>();
        collect(ROOT, found);
        return found;
    }

    private static void collect(Path folder, List<Path> found) {
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.sorted().toList()) {
                String name = entry.getFileName().toString();
                if (Files.isDirectory(entry)) {
                    if (!Set.of("target", "build", ".git", ".idea").contains(name)) {
                        collect(entry, found);
                    }
                } else if (TEXT.matcher(name).matches()) {
                    found.add(entry);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }
}
