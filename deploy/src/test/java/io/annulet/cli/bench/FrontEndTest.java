package io.annulet.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.CommandFailure;
import io.annulet.guest.peer.BackEndOptions;
import io.annulet.guest.peer.Fault;
import io.annulet.guest.peer.ReferenceBackEnd;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The front-end of a comparison, as a process, at a back-end that is right and at such that are not. */
@Tag("slow")
@Timeout(120)
final class FrontEndTest {

    private static final int AFTER_FRAMES = 20;
    private static final long SLICE_NANOS = 200_000_000;

    @TempDir
    private Path folder;

    private Slice slice(Fault fault) {
        BackEndSockets sockets = new BackEndSockets(folder, "peer");
        List<Path> paths = List.of(sockets.first(), sockets.second());
        BackEndOptions options = BackEndOptions.DEFAULTS.withFault(fault, AFTER_FRAMES);
        try (ReferenceBackEnd _ = ReferenceBackEnd.listen(paths, options);
                FrontEnd frontEnd =
                        FrontEnd.connect(folder.resolve("front-end.log"), Traffic.forward("64"), 1, List.of(sockets))) {
            return frontEnd.slice(0, SLICE_NANOS);
        }
    }

    @Test
    void aRightBackEndShowsFramesAndNoProblem() {
        Slice slice = slice(Fault.NONE);
        assertEquals("", slice.problem());
        assertEquals(0, slice.lost());
        assertTrue(slice.frames() > AFTER_FRAMES, slice::toLine);
    }

    @Test
    void framesThatAreDroppedAreCountedAndAreNoProblem() {
        Slice slice = slice(Fault.DROPS);
        assertEquals("", slice.problem());
        assertTrue(slice.lost() > 0, slice::toLine);
    }

    @ParameterizedTest
    @EnumSource(names = {"CORRUPTS", "DUPLICATES", "TRUNCATES", "REORDERS", "RETURNS_UNKNOWN_BUFFERS"})
    void whatIsWrongIsToldHoweverFastItComes(Fault fault) {
        assertFalse(slice(fault).problem().isEmpty());
    }

    @ParameterizedTest
    @EnumSource(names = {"STOPS_DELIVERING", "HANGS", "CLOSES"})
    void aBackEndThatHangsOrDiesEndsTheSlice(Fault fault) {
        try {
            Slice slice = slice(fault);
            assertTrue(slice.lost() > 0 || !slice.problem().isEmpty(), slice::toLine);
        } catch (CommandFailure told) {
            assertTrue(String.valueOf(told.getMessage()).contains("front-end ended too soon"), told::getMessage);
        }
    }

    @Test
    void aBackEndThatNeverAnswersIsALine() {
        BackEndSockets sockets = new BackEndSockets(folder, "nobody");
        CommandFailure failure = assertThrows(
                CommandFailure.class,
                () -> FrontEnd.connect(folder.resolve("front-end.log"), Traffic.forward("64"), 1, List.of(sockets)));
        assertTrue(String.valueOf(failure.getMessage()).startsWith("front-end ended too soon: "), failure::getMessage);
    }
}
