package io.annulet.spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Tests that texts name, looked up in the sources; stateless. */
public final class NamedTests {

    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final Pattern NAME = Pattern.compile("\\b(\\w+Test)\\b(?:[.#](\\w+))?");
    private static final Pattern METHOD = Pattern.compile("^    (?:public )?void (\\w+)\\(");

    private NamedTests() {}

    /** Which of the tests that a text names, as Class or Class.method, there are not. */
    public static Set<String> missing(String text) throws IOException {
        Set<String> missing = new TreeSet<>();
        Matcher names = NAME.matcher(text);
        while (names.find()) {
            Path source = source(names.group(1));
            String method = names.group(2);
            if (source == null || (method != null && !methods(source).contains(method))) {
                missing.add(names.group());
            }
        }
        return missing;
    }

    private static @Nullable Path source(String testClass) throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.filter(file -> file.endsWith(testClass + ".java"))
                    .findFirst()
                    .orElse(null);
        }
    }

    /** Names of the methods of all tests in one package of this module, given as a path. */
    public static Set<String> methodsIn(String folder) throws IOException {
        return methodsOf("tests", folder);
    }

    /** Likewise of another module. */
    public static Set<String> methodsOf(String module, String folder) throws IOException {
        Set<String> methods = new TreeSet<>();
        try (Stream<Path> files =
                Files.list(ROOT.resolve(module).resolve("src/test/java").resolve(folder))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
                methods.addAll(methods(file));
            }
        }
        return methods;
    }

    private static Set<String> methods(Path source) throws IOException {
        Set<String> methods = new TreeSet<>();
        for (String line : Files.readAllLines(source)) {
            Matcher method = METHOD.matcher(line);
            if (method.find()) {
                methods.add(method.group(1));
            }
        }
        return methods;
    }
}
