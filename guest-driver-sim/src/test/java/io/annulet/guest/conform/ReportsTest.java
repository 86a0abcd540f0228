package io.annulet.guest.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

/** The same results in each form of report. */
final class ReportsTest {

    private static final Rule FIRST =
            Rule.must("VU-XX-01", Document.VHOST_USER, "Header", "a < b & c | d", trial -> {});
    private static final Rule SECOND = Rule.must("VU-XX-02", Document.VIRTIO, "Used Ring", "it is right", trial -> {});
    private static final Rule ADVICE = Rule.must("VU-XX-03", Document.VIRTIO, "Used Ring", "it is quiet", trial -> {})
            .advised();
    private static final Rule OTHER = Rule.must("VU-XX-04", Document.VIRTIO, "Used Ring", "it is there", trial -> {});

    private static final ConformanceReport REPORT = new ConformanceReport(
            "one",
            List.of(
                    RuleResult.pass(FIRST, 1_500_000),
                    RuleResult.fail(SECOND, "\"1\"", "2\u0001", 0),
                    RuleResult.fail(ADVICE, "", "a call", 0),
                    RuleResult.of(OTHER, Stop.notOffered("VIRTIO_F_OTHER"), 0)));

    @Test
    void theSummaryCountsRecommendationsApart() {
        assertEquals("4 rules: 1 pass, 1 fail, 1 recommendation not followed, 1 not offered", REPORT.summary());
        assertFalse(REPORT.conforms());
    }

    @Test
    void aBackEndThatOnlyIgnoresAdviceConforms() {
        assertTrue(new ConformanceReport("two", List.of(RuleResult.fail(ADVICE, "", "a call", 0))).conforms());
        assertFalse(new ConformanceReport("two", List.of(RuleResult.notRun(FIRST, "gone"))).conforms());
    }

    @Test
    void theTableTellsWhatWasSeen() {
        assertEquals("""
                VU-XX-02     FAIL        it is right
                                         written in VIRTIO 1.2, "Used Ring"
                                         expected "1"
                                         seen: 2\u0001
                """, TableReport.lines(REPORT.results().get(1)));
        assertEquals("""
                VU-XX-04     not offered it is there
                                         VIRTIO_F_OTHER
                """, TableReport.lines(REPORT.results().get(3)));
    }

    @Test
    void junitIsXmlWhateverWasSeen() throws Exception {
        Element suite = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(JUnitReport.write(REPORT))))
                .getDocumentElement();
        assertEquals("4", suite.getAttribute("tests"));
        assertEquals("1", suite.getAttribute("failures"));
        assertEquals("2", suite.getAttribute("skipped"));
        Element first = (Element) suite.getElementsByTagName("testcase").item(0);
        assertEquals("VU-XX-01: a < b & c | d", first.getAttribute("name"));
        assertEquals("0.002", first.getAttribute("time"));
        Element failure = (Element) suite.getElementsByTagName("failure").item(0);
        assertTrue(failure.getAttribute("message").contains("expected \"1\"; seen: 2 "), failure::toString);
    }

    @Test
    void markdownPutsBackEndsSideBySide() {
        ConformanceReport other = new ConformanceReport("two", List.of(RuleResult.pass(SECOND, 0)));
        String text = MarkdownReport.write(List.of(REPORT, other));
        assertTrue(text.contains("| one | 4 rules: 1 pass,"), text);
        assertTrue(
                text.contains("| VU-XX-01 | a &lt; b & c \\| d | vhost-user, QEMU 10.0, \"Header\" | pass |  |"), text);
        assertTrue(text.contains("| VU-XX-02 | it is right | VIRTIO 1.2, \"Used Ring\" | **FAIL** | pass |"), text);
        assertTrue(text.contains("it is quiet (advised)"), text);
        assertTrue(text.contains("* VU-XX-02: expected \"1\"; seen: 2"), text);
    }
}
