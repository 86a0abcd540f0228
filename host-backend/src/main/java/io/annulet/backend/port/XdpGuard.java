package io.annulet.backend.port;

import io.annulet.linux.XdpProgram;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/**
 * A small process that takes libxdp's program away from an interface when the back-end is gone, however it ended. Started
 * and closed on the control path; the process waits for the end of its input, which the kernel closes with the back-end.
 */
public final class XdpGuard implements AutoCloseable {

    private static final String READY = "ready";

    private final Process process;

    private XdpGuard(Process process) {
        this.process = process;
    }

    /**
     * Starts one and waits until it is on guard.
     *
     * @param interfaceIndex the kernel's number of the interface
     */
    static XdpGuard start(int interfaceIndex) {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Xmx8m",
                "-cp",
                System.getProperty("java.class.path"),
                XdpGuard.class.getName(),
                Integer.toString(interfaceIndex));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            XdpGuard guard = new XdpGuard(process);
            BufferedReader said = process.inputReader();
            if (!READY.equals(said.readLine())) {
                guard.close();
                throw new PortException("guard the XDP program", "the process for it ended", "use program=own");
            }
            return guard;
        } catch (IOException e) {
            throw new PortException("guard the XDP program", String.valueOf(e.getMessage()), "use program=own");
        }
    }

    /** After the program was taken away. */
    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** The process. Argument: the number of the interface. */
    public static void main(String[] arguments) throws IOException {
        int interfaceIndex = Integer.parseInt(arguments[0]);
        // A service manager that ends all of the service's processes ends this one too.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> XdpProgram.detachByLibxdp(interfaceIndex)));
        boolean installed = XdpProgram.hasLibxdp(); // loads what will be needed
        System.out.println(installed ? READY : "libxdp is not installed");
        InputStream backEnd = System.in;
        while (backEnd.read() >= 0) {
            Thread.onSpinWait();
        }
    }
}
