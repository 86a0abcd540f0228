package io.annulet.cli.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A back-end with two ports on one processor, in a process of its own; used by the main thread. */
record BackEnd(Child child, BackEndSockets sockets) implements AutoCloseable {

    /** Annulet with its data path, and all the rest of it, on this processor. */
    static BackEnd annulet(BackEndSockets sockets, int cpu, String poll, List<String> jvmOptions) {
        List<String> command = new ArrayList<>(List.of("taskset", "-c", Integer.toString(cpu)));
        command.addAll(Annulet.command(jvmOptions, Annulet.serve(sockets, cpu, poll)));
        Child child = Child.start("annulet", sockets.log(), command);
        boolean ready = false;
        try {
            child.awaitLine("ready");
            ready = true;
            return new BackEnd(child, sockets);
        } finally {
            if (!ready) {
                child.close();
            }
        }
    }

    /** DPDK's vhost library, forwarding between its two ports. */
    static BackEnd dpdk(BackEndSockets sockets, int cpu, int otherCpu) {
        Dpdk.check();
        return new BackEnd(Child.start("dpdk-testpmd", sockets.log(), Dpdk.command(sockets, cpu, otherCpu)), sockets);
    }

    Path log() {
        return sockets.log();
    }

    @Override
    public void close() {
        child.close();
    }
}
