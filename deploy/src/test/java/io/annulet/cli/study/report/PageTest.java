package io.annulet.cli.study.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.study.report.Series.Look;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

final class PageTest {

    private static final List<Double> XS = List.of(1.0, 2.0, 4.0, 1024.0);
    private static final List<Double> YS = List.of(9000.0, 4500.0, Double.NaN, 60.0);

    @TempDir
    private Path folder;

    private static Chart chart() {
        List<Series> series = new ArrayList<>();
        for (Look look : Look.values()) {
            series.add(Series.of("look " + look + " <&\">", look, look.ordinal(), XS, YS));
        }
        series.add(new Series("spread", XS, YS, YS, XS, Look.POINTS, 7));
        return new Chart("Cost & <size>", Axis.log2("n"), Axis.log10("ns per frame"), series);
    }

    private static Document parse(String xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }

    @Test
    void aPageIsXmlThatHoldsAllItsChartsAndFetchesNothing() throws Exception {
        Page page = new Page("Study of <things>")
                .section("A & B")
                .paragraph("text")
                .warning("careful")
                .list(List.of("one", "two"))
                .facts(Map.of("kernel", "Linux <6>"))
                .table(List.of("a", "b"), List.of(List.of("1", "\u2013")));
        page.figure("one", chart(), "It <falls>.").figure("two", chart(), "Again.");
        assertNull(page.write(folder));
        String html = Files.readString(folder.resolve("report.html"));
        Document document = parse(html.replace("<!DOCTYPE html>", ""));
        assertEquals(2, document.getElementsByTagName("svg").getLength());
        assertEquals(2, document.getElementsByTagName("figcaption").getLength());
        assertEquals(List.of("one", "two"), page.figures());
        assertFalse(html.replace("http://www.w3.org/", "").contains("http"), "it names another host");
        for (String name : page.figures()) {
            parse(Files.readString(folder.resolve(name + ".svg")));
            assertTrue(ImageIO.read(folder.resolve(name + ".png").toFile()).getWidth() > 1000);
        }
    }

    @Test
    void aChartWithoutPointsIsASentence() throws Exception {
        Chart empty = new Chart(
                "Nothing",
                Axis.log2("n"),
                Axis.log10("ns"),
                List.of(Series.of("none", Look.LINE, 0, List.of(1.0), List.of(Double.NaN))));
        Page page = new Page("Study").figure("none", empty, "caption");
        page.write(folder);
        assertEquals(List.of(), page.figures());
        assertTrue(Files.readString(folder.resolve("report.html")).contains("nothing was measured"));
    }

    @Test
    void axesMarkRoundValuesInsideTheirRange() {
        Axis log = Axis.log10("ns");
        double[] range = log.range(35, 12_000);
        assertTrue(range[0] < 35 && range[1] > 12_000);
        assertEquals(List.of(100.0, 1000.0, 10_000.0), log.marks(range));
        assertEquals(0.5, log.place(Math.sqrt(range[0] * range[1]), range), 1e-9);
        Axis linear = Axis.linear("ns");
        assertEquals(0, linear.range(3, 47)[0]);
        assertEquals(List.of(0.0, 10.0, 20.0, 30.0, 40.0, 50.0), linear.marks(linear.range(3, 47)));
        assertEquals("10k", log.label(10_000));
        assertEquals("2.5M", log.label(2_500_000));
        assertEquals("0.05", log.label(0.05));
        assertEquals(11, Axis.log2("n").marks(Axis.log2("n").range(1, 1024)).size());
    }
}
