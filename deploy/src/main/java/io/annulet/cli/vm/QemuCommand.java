package io.annulet.cli.vm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Puts QEMU's command line together from a guest's options. */
final class QemuCommand {
    /**
     * cryptomgr.notests and nowatchdog take half a second of three off the start. mitigations=off: an emulated processor
     * leaks nothing that would be worth its page-table switches. tsc=nowatchdog keeps the fast clock, and no_timer_check
     * the timer, on a host so busy that they look wrong. panic=1 restarts a guest, or ends one that may not restart.
     */
    private static final String KERNEL_OPTIONS = "console=ttyS0 quiet panic=1 cryptomgr.notests nowatchdog"
            + " rcupdate.rcu_cpu_stall_suppress=1 mitigations=off tsc=nowatchdog no_timer_check";

    private final QemuProgram program;
    private final QemuOptions options;
    private final List<String> words = new ArrayList<>();

    private QemuCommand(QemuProgram program, QemuOptions options) {
        this.program = program;
        this.options = options;
    }

    /**
     * @param console the file that gets what the guest's kernel says
     * @param agent the socket of ours that the guest's second serial port connects to
     * @param qmp the socket of ours that QEMU's command channel connects to
     */
    static List<String> build(QemuProgram program, QemuOptions options, Path console, Path agent, Path qmp) {
        QemuCommand command = new QemuCommand(program, options);
        command.add(program.path());
        command.addMachine();
        command.addKernel();
        command.addChannels(console, agent, qmp);
        for (int index = 0; index < options.nics().size(); index++) {
            command.addNic(index, options.nics().get(index));
        }
        command.words.addAll(options.extraArguments());
        return List.copyOf(command.words);
    }

    private void addMachine() {
        add("-name", options.name());
        add("-nodefaults", "-no-user-config", "-display", "none");
        // Under TCG qemu64 needs less than two thirds of the time per byte of TCP that "max" needs.
        String accelerator = options.accelerator();
        add("-machine", "q35", "-accel", accelerator, "-cpu", accelerator.startsWith("tcg") ? "qemu64" : "host");
        add("-smp", Integer.toString(options.cpuCount()));
        String size = options.memoryMib() + "M";
        add("-m", size, "-object", "memory-backend-memfd,id=mem,size=" + size + ",share=on");
        add("-numa", "node,memdev=mem");
        if (!options.mayReboot()) {
            add("-no-reboot");
        }
    }

    private void addKernel() {
        add("-kernel", options.image().kernel().toString());
        add("-initrd", options.image().initramfs().toString());
        add("-append", (KERNEL_OPTIONS + " guest.name=" + options.name() + " " + options.kernelOptions()).strip());
    }

    private void addChannels(Path console, Path agent, Path qmp) {
        add("-chardev", "file,id=console,path=" + escaped(console), "-serial", "chardev:console");
        add("-chardev", "socket,id=agent,path=" + escaped(agent), "-serial", "chardev:agent");
        add("-chardev", "socket,id=qmp,path=" + escaped(qmp), "-mon", "chardev=qmp,mode=control");
    }

    private void addNic(int index, QemuNic nic) {
        String role = nic.doesQemuListen() ? "server=on,wait=off" : program.reconnectOption();
        add("-chardev", "socket,id=vhost" + index + ",path=" + escaped(nic.socket()) + "," + role);
        add("-netdev", "vhost-user,id=net" + index + ",chardev=vhost" + index + ",queues=" + nic.queuePairCount());
        // The empty romfile leaves the network boot code out, which the firmware would run first.
        StringBuilder device = new StringBuilder("virtio-net-pci,netdev=net" + index + ",mac=" + nic.mac());
        device.append(",romfile=");
        if (nic.queuePairCount() > 1) {
            device.append(",mq=on");
        }
        for (Map.Entry<String, String> property : nic.deviceProperties().entrySet()) {
            device.append(',').append(property.getKey()).append('=').append(property.getValue());
        }
        add("-device", device.toString());
    }

    private void add(String... more) {
        words.addAll(List.of(more));
    }

    /** In QEMU's option lists a comma ends a value unless it is doubled. */
    private static String escaped(Path path) {
        return path.toString().replace(",", ",,");
    }
}
