package io.annulet.cli.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class QemuCommandTest {
    private static final QemuOptions OPTIONS =
            QemuOptions.of("a", new GuestImage(Path.of("/i/vmlinuz"), Path.of("/i/initramfs.gz")), Path.of("/w"));
    private static final QemuNic NIC = QemuNic.on(Path.of("/s/a.sock"), "52:54:00:00:00:01");

    @Test
    void guestMemoryIsSharedAndAsLargeAsTheMachine() {
        List<String> command = commandOf(OPTIONS.withMemoryMib(300));
        assertEquals("300M", after("-m", command));
        assertEquals("memory-backend-memfd,id=mem,size=300M,share=on", after("-object", command));
        assertEquals("node,memdev=mem", after("-numa", command));
    }

    @Test
    void qemuConnectsAgainWhenTheBackEndGoesAway() {
        List<String> command = commandOf(OPTIONS.with(NIC));
        assertTrue(command.contains("socket,id=vhost0,path=/s/a.sock,reconnect-ms=500"), command.toString());
        assertTrue(command.contains("vhost-user,id=net0,chardev=vhost0,queues=1"), command.toString());
        assertEquals("virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01,romfile=", after("-device", command));
    }

    @Test
    void olderQemuCountsReconnectionInSeconds() {
        assertEquals("reconnect=1", new QemuProgram("q", 9, 1).reconnectOption());
        assertEquals("reconnect-ms=500", new QemuProgram("q", 9, 2).reconnectOption());
        assertEquals("reconnect-ms=500", new QemuProgram("q", 10, 0).reconnectOption());
    }

    @Test
    void qemuListensWhenTheBackEndIsTheClient() {
        QemuNic nic = QemuNic.on(Path.of("/s/a,b.sock"), NIC.mac()).listening();
        List<String> command = commandOf(OPTIONS.with(nic));
        assertTrue(command.contains("socket,id=vhost0,path=/s/a,,b.sock,server=on,wait=off"), command.toString());
    }

    @Test
    void severalQueuePairsAndDevicePropertiesReachTheDevice() {
        QemuNic nic = NIC.withQueuePairs(4).with("packed", "on").with("mrg_rxbuf", "off");
        List<String> command = commandOf(OPTIONS.with(nic).withCpus(2));
        assertTrue(command.contains("vhost-user,id=net0,chardev=vhost0,queues=4"), command.toString());
        String device = "virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01,romfile=,mq=on,mrg_rxbuf=off,packed=on";
        assertEquals(device, after("-device", command));
        assertEquals("2", after("-smp", command));
    }

    @Test
    void restartEndsQemuOnlyWhenAskedFor() {
        assertFalse(commandOf(OPTIONS).contains("-no-reboot"));
        assertTrue(commandOf(OPTIONS.withoutReboot()).contains("-no-reboot"));
    }

    @Test
    void nameMayNotBreakOutOfTheCommandLine() {
        for (String name : List.of("", "a b", "a,b", "../a")) {
            assertThrows(
                    IllegalArgumentException.class, () -> QemuOptions.of(name, OPTIONS.image(), OPTIONS.workFolder()));
        }
    }

    private static List<String> commandOf(QemuOptions options) {
        return QemuCommand.build(
                new QemuProgram("qemu", 10, 0), options, Path.of("/w/a.log"), Path.of("/w/a.agent"), Path.of("/w/q"));
    }

    private static String after(String word, List<String> command) {
        return command.get(command.indexOf(word) + 1);
    }
}
