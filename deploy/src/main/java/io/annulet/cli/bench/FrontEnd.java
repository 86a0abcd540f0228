package io.annulet.cli.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Simulated guests in a process of their own, so that what one comparison taught its JIT does not slow the next; used by
 * the main thread. {@link FrontEndCommand} is the other end.
 */
record FrontEnd(Child child) implements AutoCloseable {

    /** Brings two guests up at each back-end, all of which have to run meanwhile. */
    static FrontEnd connect(Path log, Traffic traffic, int cpu, List<BackEndSockets> backEnds) {
        List<String> arguments = new ArrayList<>(traffic.arguments(cpu));
        for (BackEndSockets sockets : backEnds) {
            arguments.add(sockets.first().toString());
            arguments.add(sockets.second().toString());
        }
        Child child = Child.start("front-end", log, Annulet.command(List.of(), arguments));
        boolean connected = false;
        try {
            child.awaitLine(FrontEndCommand.CONNECTED);
            connected = true;
            return new FrontEnd(child);
        } finally {
            if (!connected) {
                child.close();
            }
        }
    }

    /** Runs traffic through one of the back-ends, counted from 0. */
    Slice slice(int backEnd, long nanos) {
        return Slice.parse(child.ask(backEnd + " " + nanos));
    }

    /** Copies between the buffers of one back-end's guests instead; returns bytes a second. */
    double copy(int backEnd, long nanos) {
        return Double.parseDouble(child.ask(backEnd + " " + nanos + " " + FrontEndCommand.COPY));
    }

    @Override
    public void close() {
        child.close();
    }
}
