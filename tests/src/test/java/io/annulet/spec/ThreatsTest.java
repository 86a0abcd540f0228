package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** That the page of threats names, for each line of what somebody may try, tests that exist. */
final class ThreatsTest {

    private static final Path PAGE =
            Path.of(System.getProperty("annulet.root", "..")).resolve("docs/THREATS.md");

    private static List<String> rows() throws IOException {
        return Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith("| ") && !line.contains("shown by |") && !line.contains("| tests |"))
                .toList();
    }

    @Test
    void everyLineNamesATest() throws IOException {
        List<String> rows = rows();
        assertTrue(rows.size() > 40, "the tables are not where they were");
        assertEquals(
                List.of(),
                rows.stream().filter(row -> !row.matches(".*\\w+Test.*")).toList());
    }

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        assertEquals(Set.of(), NamedTests.missing(Files.readString(PAGE)));
    }

    @Test
    void everyPartyHasItsPlace() throws IOException {
        String page = Files.readString(PAGE);
        for (String party : List.of(
                "A guest's driver",
                "A front-end process",
                "Another guest",
                "Frames from outside",
                "A NIC",
                "A peer on the control API")) {
            assertTrue(page.contains("\n## " + party + "\n"), party);
        }
    }
}
