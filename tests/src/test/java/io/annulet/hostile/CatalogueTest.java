package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.spec.NamedTests;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The catalogue of what a hostile peer may do, and where each of its cases is: a test of this package whose name begins
 * with the case, one elsewhere that does, or the reason why it does not apply.
 */
final class CatalogueTest {

    /** How many cases each class has. */
    private static final Map<String, Integer> CLASSES = Map.ofEntries(
            Map.entry("A", 24), // messages and negotiation
            Map.entry("B", 16), // memory tables, addresses, address translation
            Map.entry("C", 17), // descriptor chains
            Map.entry("D", 9), // indirect tables
            Map.entry("E", 10), // packed rings
            Map.entry("F", 10), // what changes while it is read
            Map.entry("G", 10), // indexes, used rings, notifications
            Map.entry("H", 16), // virtio-net headers
            Map.entry("I", 7), // receive buffers
            Map.entry("J", 12), // control queue
            Map.entry("K", 10), // dirty log, migration, in-flight memory
            Map.entry("L", 12), // life cycle
            Map.entry("M", 13), // exhaustion and stalls
            Map.entry("N", 8), // memory that goes away
            Map.entry("O", 16), // sealed channels
            Map.entry("P", 14)); // taps, AF_XDP, VFIO

    /** Tests elsewhere, which are named by their case too. */
    private static final Map<String, String> ELSEWHERE = Map.of(
            "H15", "OffloadModelTest.H15_whatArrivesIsWhatWasSentHoweverItIsCut",
            "H16", "OffloadMatrixTest.H16_whatBecomesOfEveryOffloadBetweenEveryPairOfPorts",
            "K01", "LogMessagesTest.K01_logThatDoesNotFitItsFileIsRefused",
            "K02", "LogMessagesTest.K02_pagesBehindTheEndOfTheLogAreLeftOut",
            "K04", "LogMessagesTest.K04_logMayBeReplacedAndTakenAwayUnderTraffic",
            "K09", "KillTest.K09_guestsWithSplitRingsGoOnByTheNotesThatTheirFrontEndsKeep",
            "K10", "StateMessagesSpecTest.K10_aStateThatIsCutOffOrFuzzedChangesNothing",
            "L08", "KillTest.L08_guestsWithSplitRingsGoOnWithTheBackEndThatComesAfter",
            "M12", "PcapCaptureTest.M12_aFullDiskEndsTheCaptureAndNothingElse");

    /** What does not apply, and why. */
    private static final Map<String, String> WHY_NOT = Map.of(
            "K03", "buffers of any length, 0 too, are what the fuzz target dirty-log offers while a log is kept");

    /** Classes that belong to parts with suites of their own. */
    private static final Map<String, String> CLASSES_OF_OTHERS = Map.of(
            "O", "of sealed channels",
            "P", "of taps, AF_XDP and VFIO");

    @Test
    void everyCaseIsATestOrHasAReason() throws IOException {
        Set<String> tested = NamedTests.methodsIn("io/annulet/hostile").stream()
                .filter(name -> name.matches("[A-P]\\d\\d_.*"))
                .map(name -> name.substring(0, 3))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> missing = new LinkedHashSet<>();
        Set<String> twice = new LinkedHashSet<>();
        new TreeMap<>(CLASSES).forEach((letter, count) -> {
            for (int i = 1; i <= count; i++) {
                String id = String.format("%s%02d", letter, i);
                int places = (tested.contains(id) ? 1 : 0)
                        + (ELSEWHERE.containsKey(id) ? 1 : 0)
                        + (WHY_NOT.containsKey(id) ? 1 : 0);
                if (places == 0 && !CLASSES_OF_OTHERS.containsKey(letter)) {
                    missing.add(id);
                } else if (places > 1) {
                    twice.add(id);
                }
            }
        });
        assertEquals(Set.of(), missing, "cases that are nowhere");
        assertEquals(Set.of(), twice, "cases that are tests and have a reason not to be");
    }

    /** Their tests have the case behind their names, and are where channels are and among the rules of the source. */
    @Test
    void everyCaseOfSealedChannelsIsATest() throws IOException {
        Set<String> names = new TreeSet<>(NamedTests.methodsOf("vring", "io/annulet/channel"));
        names.addAll(NamedTests.methodsIn("io/annulet/spec"));
        Set<String> missing = new TreeSet<>();
        for (int i = 1; i <= CLASSES.getOrDefault("O", 0); i++) {
            String id = String.format("_O%02d", i);
            if (names.stream().noneMatch(name -> name.endsWith(id))) {
                missing.add(id);
            }
        }
        assertEquals(Set.of(), missing);
    }

    /** Their tests are where the ports and the drivers are, and on the nested host. */
    @Test
    void everyCaseOfTapsAndNicsIsATest() throws IOException {
        Set<String> names = new TreeSet<>(NamedTests.methodsIn("io/annulet/hostile"));
        names.addAll(NamedTests.methodsIn("io/annulet/interop"));
        names.addAll(NamedTests.methodsOf("vfio", "io/annulet/vfio"));
        for (String room : List.of("control", "data", "port")) {
            names.addAll(NamedTests.methodsOf("host-backend", "io/annulet/backend/" + room));
        }
        Set<String> missing = new TreeSet<>();
        for (int i = 1; i <= CLASSES.getOrDefault("P", 0); i++) {
            String id = String.format("P%02d", i);
            if (names.stream().noneMatch(name -> name.toUpperCase(Locale.ROOT).startsWith(id))) {
                missing.add(id);
            }
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    void testsThatShowACaseElsewhereExist() throws IOException {
        assertEquals(Set.of(), NamedTests.missing(String.join(" ", ELSEWHERE.values())));
        ELSEWHERE.forEach((id, test) -> assertTrue(test.contains("Test." + id + "_"), test));
    }
}
