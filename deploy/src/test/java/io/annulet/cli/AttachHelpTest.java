package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.backend.config.PortSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class AttachHelpTest {

    private static List<String> help(String spec) {
        return AttachHelp.lines(PortSpec.parse(spec), Map.of("t", "vm3"));
    }

    @Test
    void tellsQemusOptionsForASocketOfOurs() {
        assertEquals(
                List.of(
                        "port a: listens at /run/a.sock; QEMU attaches a guest, here of 1 GiB, with",
                        "    -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on -numa node,memdev=mem",
                        "    -chardev socket,id=a,path=/run/a.sock",
                        "    -netdev vhost-user,id=a,chardev=a",
                        "    -device virtio-net-pci,netdev=a"),
                help("a=vhost-user:/run/a.sock"));
    }

    @Test
    void tellsQemuToListenWhereWeConnect() {
        assertEquals(
                List.of(
                        "port a: connects to /run/a.sock; QEMU attaches a guest, here of 1 GiB, with",
                        "    -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on -numa node,memdev=mem",
                        "    -chardev socket,id=a,path=/run/a.sock,server=on,wait=off",
                        "    -netdev vhost-user,id=a,chardev=a,queues=4",
                        "    -device virtio-net-pci,netdev=a,mq=on,vectors=10,host_mtu=9000"),
                help("a=vhost-user:/run/a.sock,mode=client,queues=4,mtu=9000"));
    }

    @Test
    void tellsWhatOtherPortsAre() {
        assertEquals(List.of("port t: interface vm3 of this host"), help("t=tap:vm%d"));
        assertEquals(List.of("port p: file /tmp/p.pcap"), help("p=pcap:/tmp/p.pcap"));
        assertEquals(List.of("port e: sends every frame back"), help("e=loopback"));
    }
}
