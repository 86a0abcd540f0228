package io.annulet.journey;

import io.annulet.linux.Landlock;
import io.annulet.linux.Privileges;
import io.annulet.linux.Sandbox;
import io.annulet.linux.SystemCallFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Gives up its rights and then tries what it gave up; says what came of it. */
final class SandboxProbe {

    private SandboxProbe() {}

    /** The argument is the folder in which it may write. */
    public static void main(String[] args) {
        Path inside = Path.of(args[0]);
        try (Landlock files = Landlock.create()) {
            for (String entry : System.getProperty("java.class.path").split(":", -1)) {
                files.mayRead(Path.of(entry));
            }
            files.mayRead(Path.of("/usr")).mayRead(Path.of("/proc")).mayWrite(inside);
            Sandbox.forbidNewPrivileges();
            Sandbox.keepCapabilities(Set.of());
            files.restrict();
        }
        tell("write inside", () -> Files.writeString(inside.resolve("file"), "text"));
        tell("write outside", () -> Files.writeString(inside.resolveSibling("annulet-outside"), "text"));
        SystemCallFilter.install();
        tell("execute", () -> new ProcessBuilder("/usr/bin/true").start());
        System.out.println("capabilities: " + Privileges.effectiveCapabilities());
    }

    /** What may be refused. */
    private interface Deed {
        void run() throws IOException;
    }

    private static void tell(String what, Deed deed) {
        try {
            deed.run();
            System.out.println(what + ": done");
        } catch (IOException refused) {
            System.out.println(what + ": refused");
        }
    }
}
