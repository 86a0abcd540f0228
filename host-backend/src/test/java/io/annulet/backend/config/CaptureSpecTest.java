package io.annulet.backend.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.capture.CaptureOptions;
import io.annulet.backend.capture.CaptureOptions.Direction;
import io.annulet.backend.stats.DropReason;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CaptureSpecTest {

    @Test
    void readsAllThatACaptureCanBeTold() {
        CaptureOptions capture = CaptureSpec.parse("/tmp/x.pcapng,port=a+b,dir=in,drop=no-buffer+vlan,"
                + "filter=tcp port 80 and not host 10.0.0.1,snaplen=128,rotate-size=10M,rotate-time=60,files=3,"
                + "limit-frames=1000,limit-size=1G,limit-time=3600");
        assertEquals("/tmp/x.pcapng", capture.file());
        assertEquals(Set.of("a", "b"), capture.ports());
        assertEquals(Direction.IN, capture.direction());
        assertEquals(Set.of(DropReason.NO_BUFFER, DropReason.VLAN), capture.drops());
        assertEquals("tcp port 80 and not host 10.0.0.1", capture.filter().toString());
        assertEquals(128, capture.snapByteLength());
        assertEquals(new CaptureOptions.Rotation(10 << 20, Duration.ofMinutes(1), 3), capture.rotation());
        assertEquals(new CaptureOptions.Limits(1000, 1 << 30, Duration.ofHours(1)), capture.limits());
    }

    @Test
    void withoutOptionsItIsEverything() {
        CaptureOptions capture = CaptureSpec.parse("frames.pcapng");
        assertTrue(capture.ports().isEmpty()
                && capture.drops().isEmpty()
                && capture.filter().isAll());
        assertEquals(Direction.BOTH, capture.direction());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|needs a file",
                "x,dir=up|use in or out or both",
                "x,drop=nonsense|use any, or bad-chain",
                "x,filter=tcp port|something is missing",
                "x,snaplen=3|14 to 262144",
                "x,files=3|add one",
                "x,rotate-size=10|4k or more",
                "x,nonsense=1|has no option nonsense",
            })
    void mistakesAreToldWithTheRemedy(String spec, String expected) {
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> CaptureSpec.parse(spec))
                .getMessage());
        assertTrue(message.contains(expected), message);
        assertEquals(1, message.lines().count());
    }
}
