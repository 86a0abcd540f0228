package io.annulet.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.cli.CommandFailure;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MeasuredTest {

    @Test
    void readsThePingOfBusybox() {
        Figure figure = Measured.ping("ping", """
                        64 bytes from 198.18.77.2: seq=4 ttl=64 time=0.621 ms

                        --- 198.18.77.2 ping statistics ---
                        5 packets transmitted, 4 packets received, 20% packet loss
                        round-trip min/avg/max = 0.621/1.070/2.003 ms
                        """);
        assertEquals("0.621 / 1.070 / 2.003 ms min / avg / max", figure.text());
        assertEquals(
                Map.of("sent", 5L, "received", 4L, "minMicros", 621L, "avgMicros", 1070L, "maxMicros", 2003L),
                figure.values());
    }

    @Test
    void readsThePingOfIputils() {
        Figure figure = Measured.ping("ping", """
                        5 packets transmitted, 5 received, 0% packet loss, time 803ms
                        rtt min/avg/max/mdev = 1.310/2.308/4.394/1.102 ms
                        """);
        assertEquals(5L, figure.values().get("received"));
        assertEquals(4394L, figure.values().get("maxMicros"));
    }

    @Test
    void pingWithoutAnswersFails() {
        assertThrows(
                CommandFailure.class,
                () -> Measured.ping("ping", "5 packets transmitted, 0 packets received, 100% packet loss"));
        assertThrows(CommandFailure.class, () -> Measured.ping("ping", "ping: sendto: Network is unreachable"));
    }

    @Test
    void readsTheReceiversRateOfIperf3() {
        Figure figure = Measured.tcp("TCP", """
                        [ ID] Interval           Transfer     Bitrate         Retr
                        [  5]   0.00-3.01   sec  90000 KBytes  245000 Kbits/sec    0             sender
                        [  5]   0.00-3.05   sec  89000 KBytes  237123 Kbits/sec                  receiver
                        """);
        assertEquals("237 Mbit/s", figure.text());
        assertEquals(Map.of("bitsPerSecond", 237_123_000L), figure.values());
    }

    @Test
    void iperf3WithoutARateFails() {
        assertThrows(CommandFailure.class, () -> Measured.tcp("TCP", "iperf3: error - unable to connect"));
    }
}
