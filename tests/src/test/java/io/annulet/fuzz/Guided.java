package io.annulet.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Has Jazzer find inputs for a target, led by the branches that they reach; stateless but for the target it is given. */
public final class Guided {

    private static final String TARGET = "annulet.fuzz.target";
    private static final Target CHOSEN = Targets.named(System.getProperty(TARGET, Targets.CANARY))
            .newTarget()
            .get();
    private static final Input INPUT = new Input();

    private Guided() {}

    /** What Jazzer calls for each input. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        CHOSEN.run(INPUT.replay(bytes));
    }

    /** Runs Jazzer in a process of its own, with further options of its own; its status is 0 if nothing was found. */
    static int run(Targets.Entry entry, Path root, List<String> options) throws IOException, InterruptedException {
        Path folder = root.resolve("build/fuzz").resolve(entry.name());
        Path found = Files.createDirectories(folder.resolve("inputs"));
        int number = 0;
        for (byte[] bytes : Corpus.read(Corpus.file(root, entry.name()))) {
            Files.write(found.resolve("corpus-" + number++), bytes);
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + root.resolve("deploy/jvm.options").toAbsolutePath(),
                "-Xmx1g",
                "-XX:+EnableDynamicAgentLoading",
                "-D" + TARGET + "=" + entry.name(),
                "-cp",
                System.getProperty("java.class.path"),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + Guided.class.getName(),
                "--instrumentation_includes=io.annulet.vring.**:io.annulet.memory.**:io.annulet.backend.**",
                "--custom_hook_includes=io.annulet.none.**",
                "--disabled_hooks=**",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/"));
        command.addAll(options);
        command.add(found.toString());
        return new ProcessBuilder(command).inheritIO().start().waitFor() == 0 ? 0 : 1;
    }
}
