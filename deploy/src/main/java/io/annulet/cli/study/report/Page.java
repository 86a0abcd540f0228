package io.annulet.cli.study.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A report: text, tables and charts, in the order they are added; owned by the thread that writes it. It becomes one HTML
 * file that fetches nothing, beside an SVG and a PNG file of each chart.
 */
public final class Page {

    private static final String STYLE = """
            body { font: 16px/1.5 Georgia, 'Times New Roman', serif; color: #222; max-width: 860px;
              margin: 2em auto; padding: 0 1em; }
            h1, h2, h3, th, figcaption b { font-family: Helvetica, Arial, sans-serif; line-height: 1.2; }
            h1 { font-size: 1.7em; } h2 { font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid #ccc; }
            figure { margin: 1.5em 0; } figure svg { max-width: 100%; height: auto; border: 1px solid #e4e4e4; }
            figcaption { font-size: .92em; color: #444; }
            table { border-collapse: collapse; font-size: .88em; margin: 1em 0; }
            th, td { text-align: right; padding: .2em .7em; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
            th:first-child, td:first-child { text-align: left; } th { border-bottom: 2px solid #999; }
            .facts td { text-align: left; font-family: monospace; }
            .warn { border-left: 4px solid #d55e00; padding-left: .8em; }
            """;

    private final String title;
    private final StringBuilder body = new StringBuilder();
    private final Map<String, Chart> charts = new LinkedHashMap<>();

    public Page(String title) {
        this.title = title;
        body.append("<h1>").append(escape(title)).append("</h1>\n");
    }

    private static String escape(String text) {
        return SvgCanvas.escape(text);
    }

    public Page section(String heading) {
        body.append("<h2>").append(escape(heading)).append("</h2>\n");
        return this;
    }

    public Page paragraph(String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
        return this;
    }

    /** A paragraph that must not be overlooked. */
    public Page warning(String text) {
        body.append("<p class=\"warn\">").append(escape(text)).append("</p>\n");
        return this;
    }

    public Page list(List<String> items) {
        body.append("<ul>\n");
        items.forEach(item -> body.append("<li>").append(escape(item)).append("</li>\n"));
        body.append("</ul>\n");
        return this;
    }

    /** Names and what they stand for. */
    public Page facts(Map<String, ?> facts) {
        body.append("<table class=\"facts\">\n");
        facts.forEach((name, value) -> row("td", List.of(name, String.valueOf(value))));
        body.append("</table>\n");
        return this;
    }

    public Page table(List<String> columns, List<List<String>> rows) {
        body.append("<table>\n");
        row("th", columns);
        rows.forEach(row -> row("td", row));
        body.append("</table>\n");
        return this;
    }

    private void row(String cell, List<String> values) {
        body.append("<tr>");
        values.forEach(value -> body.append('<')
                .append(cell)
                .append('>')
                .append(escape(value))
                .append("</")
                .append(cell)
                .append('>'));
        body.append("</tr>\n");
    }

    /** A chart with the words that say what it shows; one without any point becomes a sentence that says so. */
    public Page figure(String name, Chart chart, String caption) {
        if (chart.isEmpty()) {
            return paragraph(chart.title() + ": nothing was measured for this figure.");
        }
        charts.put(name, chart);
        body.append("<figure id=\"").append(escape(name)).append("\">\n").append(chart.toSvg());
        body.append("<figcaption><b>Figure ").append(charts.size()).append(".</b> ");
        body.append(escape(caption)).append("</figcaption>\n</figure>\n");
        return this;
    }

    /** Names of the charts that are on the page. */
    public List<String> figures() {
        return List.copyOf(charts.keySet());
    }

    private String html() {
        return "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
                + "<meta charset=\"utf-8\"/>\n<title>" + escape(title) + "</title>\n<style>\n" + STYLE
                + "</style>\n</head>\n<body>\n" + body + "</body>\n</html>\n";
    }

    /**
     * Writes {@code report.html} and the files of the charts into a folder.
     *
     * @return null, or why there are no PNG files: fonts may be missing, and the rest is complete without them
     */
    public @Nullable String write(Path folder) throws IOException {
        Files.writeString(folder.resolve("report.html"), html());
        List<String> problems = new ArrayList<>();
        for (Map.Entry<String, Chart> chart : charts.entrySet()) {
            Files.writeString(
                    folder.resolve(chart.getKey() + ".svg"), chart.getValue().toSvg());
            String problem = writePng(chart.getValue(), folder.resolve(chart.getKey() + ".png"));
            if (problem != null) {
                problems.add(problem);
            }
        }
        return problems.isEmpty() ? null : problems.getFirst();
    }

    /** The JDK throws errors of several kinds where a machine has no fonts or a runtime no desktop module. */
    private static @Nullable String writePng(Chart chart, Path file) {
        try {
            System.setProperty("java.awt.headless", "true");
            chart.writePng(file);
            return null;
        } catch (IOException | RuntimeException | LinkageError | InternalError e) {
            return "no PNG files (" + e + "); the SVG files are there: install fontconfig and a font, such as"
                    + " fonts-dejavu-core";
        }
    }
}
