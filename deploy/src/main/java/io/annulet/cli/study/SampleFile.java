package io.annulet.cli.study;

import io.annulet.cli.CommandFailure;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The samples of a sweep as a CSV file, one a line; owned by the thread that runs the sweep. The first line is a comment
 * that says which sweep it is, the second has the columns: round, parameters, metrics. An empty field was not counted.
 */
final class SampleFile implements AutoCloseable {

    private final List<String> parameters;
    private final List<String> metrics;
    private final BufferedWriter writer;

    private SampleFile(List<String> parameters, List<String> metrics, BufferedWriter writer) {
        this.parameters = parameters;
        this.metrics = metrics;
        this.writer = writer;
    }

    /** Begins a file. */
    static SampleFile create(Path path, String title, Study study) throws IOException {
        BufferedWriter writer = Files.newBufferedWriter(path);
        SampleFile file = new SampleFile(study.parameters(), study.metrics(), writer);
        writer.write("# " + title + "\n" + header(study) + "\n");
        writer.flush();
        return file;
    }

    /** Goes on with a file that {@link #read} understood; a line that was cut short by a crash is taken away first. */
    static SampleFile append(Path path, Study study) throws IOException {
        String text = Files.readString(path);
        if (!text.endsWith("\n")) {
            Files.writeString(path, text.substring(0, text.lastIndexOf('\n') + 1));
        }
        return new SampleFile(
                study.parameters(), study.metrics(), Files.newBufferedWriter(path, StandardOpenOption.APPEND));
    }

    private static String header(Study study) {
        List<String> columns = new ArrayList<>(List.of("round"));
        columns.addAll(study.parameters());
        columns.addAll(study.metrics());
        return String.join(",", columns);
    }

    void add(Sample sample) throws IOException {
        StringBuilder line = new StringBuilder().append(sample.round());
        sample.point().values(parameters).forEach(value -> line.append(',').append(value));
        for (String metric : metrics) {
            Double value = sample.values().get(metric);
            line.append(',').append(value == null ? "" : format(value));
        }
        writer.append(line.append('\n'));
        writer.flush();
    }

    private static String format(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.6g", value);
    }

    /** What the first line of a file says. */
    static String title(Path path) throws IOException {
        try (var lines = Files.lines(path)) {
            return lines.findFirst().orElse("").replaceFirst("^# ", "");
        }
    }

    /** The samples of a file of this study, whatever version of it wrote them, as far as columns have the same names. */
    static List<Sample> read(Path path, Study study) throws IOException {
        String text = Files.readString(path);
        List<String> lines = text.lines().filter(line -> !line.startsWith("#")).toList();
        if (lines.isEmpty() || !lines.getFirst().startsWith("round,")) {
            throw new CommandFailure(path + " has no samples of a study", "choose a folder that a study wrote");
        }
        List<String> columns = List.of(lines.getFirst().split(",", -1));
        boolean whole = text.endsWith("\n");
        List<Sample> samples = new ArrayList<>();
        for (String line : lines.subList(1, whole ? lines.size() : lines.size() - 1)) {
            samples.add(parse(line, columns, study, path));
        }
        return samples;
    }

    private static Sample parse(String line, List<String> columns, Study study, Path path) {
        String[] fields = line.split(",", -1);
        if (fields.length != columns.size()) {
            throw damaged(path, line);
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        Map<String, Double> values = new LinkedHashMap<>();
        try {
            for (int i = 1; i < fields.length; i++) {
                if (study.parameters().contains(columns.get(i))) {
                    parameters.put(columns.get(i), fields[i]);
                } else if (!fields[i].isEmpty()) {
                    values.put(columns.get(i), Double.valueOf(fields[i]));
                }
            }
            return new Sample(new Point(parameters), Integer.parseInt(fields[0]), values);
        } catch (NumberFormatException e) {
            throw damaged(path, line);
        }
    }

    private static CommandFailure damaged(Path path, String line) {
        return new CommandFailure(path + " is damaged in line '" + line + "'", "leave out --resume and --compare");
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
