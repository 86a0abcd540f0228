package io.annulet.packaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Examples for platforms that do not run here: well-formed, and what they say of Annulet is so. */
@Tag("slow")
final class PlatformExamplesTest {

    private static final Path DEPLOY =
            Path.of(System.getProperty("annulet.root", "..")).resolve("deploy").toAbsolutePath();
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void everyDocumentForKubernetesHasAKindAndAName() throws IOException {
        Set<String> kinds = new HashSet<>();
        for (JsonNode document : documents(DEPLOY.resolve("kubernetes/annulet.yaml"))) {
            assertTrue(document.at("/apiVersion").isTextual(), document::toString);
            assertTrue(document.at("/metadata/name").isTextual(), document::toString);
            kinds.add(document.at("/kind").asText());
        }
        assertEquals(Set.of("Namespace", "DaemonSet", "Pod"), kinds);
    }

    @Test
    void everyMountOfAContainerHasAVolume() throws IOException {
        for (JsonNode document : documents(DEPLOY.resolve("kubernetes/annulet.yaml"))) {
            JsonNode pod =
                    document.at(document.at("/kind").asText().equals("DaemonSet") ? "/spec/template/spec" : "/spec");
            Set<String> volumes = new HashSet<>();
            pod.at("/volumes").forEach(volume -> volumes.add(volume.at("/name").asText()));
            for (JsonNode container : pod.at("/containers")) {
                for (JsonNode mount : container.at("/volumeMounts")) {
                    assertTrue(volumes.contains(mount.at("/name").asText()), mount::toString);
                }
            }
        }
    }

    @Test
    void bothContainersOfTheComposeFileShareTheSocketsAndHaveNoRights() throws IOException {
        JsonNode services =
                documents(DEPLOY.resolve("container/compose.yaml")).getFirst().at("/services");
        assertEquals(2, services.size());
        for (JsonNode service : services) {
            assertEquals("/run/annulet:/run/annulet", service.at("/volumes/0").asText());
            assertEquals("ALL", service.at("/cap_drop/0").asText());
            assertTrue(service.at("/read_only").asBoolean());
            assertEquals("none", service.at("/network_mode").asText());
        }
    }

    private static List<JsonNode> documents(Path yaml) throws IOException {
        List<JsonNode> documents = new ArrayList<>();
        try (InputStream text = Files.newInputStream(yaml)) {
            for (Object document : new Load(LoadSettings.builder().build()).loadAllFromInputStream(text)) {
                assertInstanceOf(Map.class, document);
                documents.add(JSON.valueToTree(document));
            }
        }
        return documents;
    }

    /** CNI specification 1.1.0: two interfaces, one port each, and none for a third. */
    @Test
    void theCniPluginGivesEachInterfaceAPortOfItsOwnAndTakesItBack() throws Exception {
        try (ServerSocketChannel zero = socket("vm0");
                ServerSocketChannel one = socket("vm1")) {
            assertTrue(zero.isOpen() && one.isOpen());
            assertEquals(folder.resolve("vm0.sock").toString(), socketPath(cni("ADD", "pod-a", 0)));
            assertEquals(folder.resolve("vm1.sock").toString(), socketPath(cni("ADD", "pod-b", 0)));
            assertEquals(4, cni("ADD", "pod-a", 1).at("/code").asInt(), "an interface has one port");
            assertEquals(11, cni("ADD", "pod-c", 1).at("/code").asInt(), "no port is free");
            cni("CHECK", "pod-a", 0);
            cni("DEL", "pod-a", 0);
            cni("DEL", "pod-a", 0);
            assertEquals(3, cni("CHECK", "pod-a", 1).at("/code").asInt());
            assertEquals(folder.resolve("vm0.sock").toString(), socketPath(cni("ADD", "pod-c", 0)));
            assertEquals(4, cni("ADD", "../evil", 1).at("/code").asInt());
            assertTrue(cni("VERSION", "", 0).at("/supportedVersions").toString().contains("1.1.0"));
        }
    }

    private ServerSocketChannel socket(String port) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(folder.resolve(port + ".sock")));
    }

    private static String socketPath(JsonNode result) {
        assertEquals("net1", result.at("/interfaces/0/name").asText(), result::toString);
        return result.at("/interfaces/0/socketPath").asText();
    }

    private JsonNode cni(String command, String container, int status) throws Exception {
        ProcessBuilder plugin =
                new ProcessBuilder(DEPLOY.resolve("kubernetes/annulet-cni").toString()).redirectErrorStream(true);
        plugin.environment()
                .putAll(Map.of(
                        "CNI_COMMAND", command, "CNI_CONTAINERID", container, "CNI_IFNAME", "net1", "CNI_NETNS", "/n"));
        Process process = plugin.start();
        try (OutputStream input = process.getOutputStream()) {
            input.write(("{\"cniVersion\":\"1.1.0\",\"name\":\"n\",\"type\":\"annulet-cni\",\"socketFolder\":\""
                            + folder + "\"}")
                    .getBytes(UTF_8));
        }
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(status, process.waitFor(), command + ": " + said);
        return said.isEmpty() ? JSON.createObjectNode() : JSON.readTree(said.getBytes(UTF_8));
    }
}
