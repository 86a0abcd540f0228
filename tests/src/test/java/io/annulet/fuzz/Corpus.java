package io.annulet.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** Inputs that are kept: a text file for each target, one input a line in hexadecimal; stateless. */
final class Corpus {

    private Corpus() {}

    /** Where the corpus of a target lies in the source folder. */
    static Path file(Path root, String target) {
        return root.resolve("tests/corpus").resolve(target + ".hex");
    }

    static List<byte[]> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        try (var lines = Files.lines(file)) {
            return lines.map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(HexFormat.of()::parseHex)
                    .toList();
        }
    }

    static void write(Path file, List<byte[]> inputs) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(
                file, inputs.stream().map(HexFormat.of()::formatHex).collect(Collectors.joining("\n", "", "\n")));
    }
}
