package io.annulet.packaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.model.Capability;
import io.annulet.cli.ctl.ApiClient;
import io.annulet.cli.vm.Tools;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.Child;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.BindMode;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.output.OutputFrame;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * The container image serves guests as the compose file says: a front-end of DPDK's in a container beside it, a guest of
 * the host's, and someone who scrapes its counters. The images are made from files of this machine.
 */
@Tag("slow")
@Tag("root")
@Timeout(600)
final class ContainersTest {

    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final Duration START = Duration.ofSeconds(60);
    private static final String INSIDE = "/run/annulet";
    private static final int FRAMES = 2_000;
    private static final int WINDOW = 64;
    private static final int FRAME_BYTES = 200;
    private static final int NUMBER_AT = 14;
    private static final byte[] DPDK_MAC = {2, 0, 0, 0, 0, 0x10};
    private static final byte[] OWN_MAC = {2, 0, 0, 0, 0, 0x20};
    private static final byte[] EXPERIMENT = {(byte) 0x88, (byte) 0xb5};

    @TempDir
    private Path folder;

    private static String make(List<String> command) {
        try (Child maker = Child.run(command)) {
            assertEquals(0, maker.awaitEnd(LIMIT), maker::text);
            return maker.text();
        }
    }

    private static String atRoot(String path) {
        return Path.of(System.getProperty("annulet.root", ".."))
                .resolve(path)
                .toAbsolutePath()
                .normalize()
                .toString();
    }

    private static GenericContainer<?> container(String image, Path shared) {
        return new GenericContainer<>(DockerImageName.parse(image))
                .withNetworkMode("none")
                .withFileSystemBind(shared.toString(), INSIDE, BindMode.READ_WRITE)
                .withLogConsumer(ContainersTest::tell)
                .withStartupTimeout(START);
    }

    private static void tell(OutputFrame line) {
        System.out.print(line.getUtf8String());
    }

    /** The back-end without a capability and with nothing to write but its folder. */
    private static GenericContainer<?> annulet(String image, Path shared) {
        return container(image, shared)
                .withCommand(
                        "run",
                        "--counters=" + INSIDE + "/counters",
                        "--state=" + INSIDE + "/state",
                        "--api=" + INSIDE + "/api.sock",
                        "--port=guest=vhost-user:" + INSIDE + "/guest.sock",
                        "--port=dpdk=vhost-user:" + INSIDE + "/dpdk.sock")
                .withCreateContainerCmdModifier(create -> Objects.requireNonNull(create.getHostConfig())
                        .withReadonlyRootfs(true)
                        .withCapDrop(Capability.ALL)
                        .withSecurityOpts(List.of("no-new-privileges:true")))
                .waitingFor(Wait.forLogMessage(".*ready.*\\n", 1));
    }

    /** Swaps the addresses of each frame that it gets, and sends it back. */
    private static GenericContainer<?> dpdk(Path shared) {
        return container("annulet-dpdk", shared)
                .withFileSystemBind("/dev/hugepages", "/dev/hugepages", BindMode.READ_WRITE)
                .withCommand(
                        "-l",
                        "0,1",
                        "--no-telemetry",
                        "--file-prefix=annulet-containers",
                        "-m",
                        "128",
                        "--single-file-segments",
                        "--vdev=net_virtio_user0,path=" + INSIDE + "/dpdk.sock,queue_size=256,mac=02:00:00:00:00:10",
                        "--",
                        "--nb-cores=1",
                        "--total-num-mbufs=16384",
                        "--forward-mode=macswap",
                        "--stats-period=10")
                .withCreateContainerCmdModifier(create -> Objects.requireNonNull(create.getHostConfig())
                        .withReadonlyRootfs(true)
                        .withCapDrop(Capability.ALL)
                        .withCapAdd(Capability.SYS_NICE)
                        .withTmpFs(Map.of("/run/dpdk", ""))
                        .withSecurityOpts(List.of("no-new-privileges:true")))
                .waitingFor(Wait.forLogMessage(".*Port statistics.*\\n", 1));
    }

    private static byte[] frame(int number) {
        ByteBuffer frame = ByteBuffer.allocate(FRAME_BYTES);
        frame.put(DPDK_MAC).put(OWN_MAC).put(EXPERIMENT).putInt(number);
        while (frame.hasRemaining()) {
            frame.put((byte) (number * 31 + frame.position()));
        }
        return frame.array();
    }

    /** Sends frames, and waits for each with its addresses swapped and every other byte as it was. */
    private static void exchange(SimulatedGuest guest) {
        Set<Integer> awaited = new HashSet<>();
        List<String> wrong = new ArrayList<>();
        long deadline = System.nanoTime() + START.toNanos();
        int next = 0;
        while (next < FRAMES || !awaited.isEmpty()) {
            while (next < FRAMES && awaited.size() < WINDOW) {
                guest.transmitQueue(0).send(frame(next));
                awaited.add(next++);
            }
            guest.transmitQueue(0).flush();
            guest.receiveQueue(0).receive(frame -> check(frame.toByteArray(), awaited, wrong), WINDOW);
            assertEquals(List.of(), wrong);
            assertTrue(System.nanoTime() < deadline, () -> awaited.size() + " frames do not come back");
        }
    }

    private static void check(byte[] came, Set<Integer> awaited, List<String> wrong) {
        int number = came.length < FRAME_BYTES ? -1 : ByteBuffer.wrap(came).getInt(NUMBER_AT);
        byte[] expected = frame(number);
        System.arraycopy(OWN_MAC, 0, expected, 0, OWN_MAC.length);
        System.arraycopy(DPDK_MAC, 0, expected, OWN_MAC.length, DPDK_MAC.length);
        if (!Arrays.equals(expected, came) || !awaited.remove(number)) {
            wrong.add("frame " + number + ": " + HexFormat.of().formatHex(came));
        }
    }

    private static long scraped(String metrics, String name, String port) {
        Matcher sample = Pattern.compile("(?m)^" + name + "\\{[^}]*port=\"" + port + "\"[^}]*} (\\d+)")
                .matcher(metrics);
        assertTrue(sample.find(), () -> name + " of " + port + " in " + metrics);
        return Long.parseLong(sample.group(1));
    }

    @Test
    void aGuestAndAFrontEndInAContainerTalkOverABackEndInAContainerThatIsScraped()
            throws IOException, InterruptedException {
        Packages.obstacle().ifPresent(why -> assumeTrue(false, why));
        DockerDaemon.obstacle().ifPresent(why -> assumeTrue(false, why));
        Path shared = Files.createDirectory(folder.resolve("shared"));
        try (DockerDaemon docker = DockerDaemon.start(Files.createDirectory(folder.resolve("docker")))) {
            Tools.install(line -> {}, "dpdk", "hugepages");
            String image = make(docker.command(atRoot("annulet"), "package", "container"))
                    .lines()
                    .reduce("", (before, line) -> line);
            make(docker.command(atRoot("deploy/container/build-dpdk-front-end")));
            System.setProperty("DOCKER_HOST", docker.host());
            try (GenericContainer<?> annulet = annulet(image, shared)) {
                annulet.start();
                try (GenericContainer<?> dpdk = dpdk(shared);
                        SimulatedGuest guest =
                                SimulatedGuest.connect(shared.resolve("guest.sock"), GuestOptions.DEFAULTS)) {
                    dpdk.start();
                    exchange(guest);
                    String metrics = new String(
                            new ApiClient(shared.resolve("api.sock"), LIMIT).bytes(HttpMethod.GET, "/metrics", null),
                            UTF_8);
                    assertTrue(metrics.endsWith("# EOF\n"), metrics);
                    assertTrue(scraped(metrics, "annulet_port_in_frames_total", "guest") >= FRAMES, metrics);
                    assertTrue(scraped(metrics, "annulet_port_in_frames_total", "dpdk") >= FRAMES, metrics);
                    assertEquals(1, scraped(metrics, "annulet_port_sessions_total", "dpdk"), metrics);
                }
            }
        }
    }
}
