package io.annulet.hostile;

import io.annulet.journey.Canary;
import io.annulet.journey.Pause;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Makes each test a {@link Trial}, which it takes as a parameter: one back-end for all of them, and after each test the
 * judgement. The canary sings while a class of trials runs.
 */
final class Hostile
        implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback, ParameterResolver {

    /** {@code -Dannulet.hostile.quiet.seconds=30}: so long the canary is alone; then and at the end it tells of frames. */
    private static final int QUIET_SECONDS = Integer.getInteger("annulet.hostile.quiet.seconds", 0);

    private static final Namespace NAMESPACE = Namespace.create(Hostile.class);

    /** The yard of this JVM, and the folder of its sockets. */
    private record Ground(Yard yard, Path folder) implements AutoCloseable {

        static Ground open() {
            try {
                Path folder = Files.createTempDirectory("annulet-hostile");
                Yard yard = Yard.openForTrials(folder);
                if (QUIET_SECONDS > 0) {
                    yard.canary().takeLatencies();
                    Pause.millis(1000L * QUIET_SECONDS);
                    tell("the canary alone", yard.canary());
                }
                return new Ground(yard, folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @SuppressWarnings("SystemOut")
        private static void tell(String when, Canary canary) {
            Histogram nanos = canary.takeLatencies();
            System.out.printf(
                    Locale.ROOT,
                    "%s: %,d frames, p50 %,d ns, p99 %,d ns, p99.9 %,d ns%n",
                    when,
                    nanos.getTotalCount(),
                    nanos.getValueAtPercentile(50),
                    nanos.getValueAtPercentile(99),
                    nanos.getValueAtPercentile(99.9));
        }

        @Override
        public void close() {
            if (QUIET_SECONDS > 0) {
                tell("the canary under fire", yard.canary());
            }
            yard.close();
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static Yard yard(ExtensionContext context) {
        return context.getRoot()
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent("ground", key -> Ground.open(), Ground.class)
                .yard();
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        yard(context).canary().goOn();
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        context.getStore(NAMESPACE).put("trial", new Trial(yard(context)));
    }

    private static Trial trial(ExtensionContext context) {
        return context.getStore(NAMESPACE).get("trial", Trial.class);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        try (Trial trial = trial(context)) {
            if (context.getExecutionException().isEmpty()) {
                trial.judge();
            }
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        yard(context).canary().rest();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Trial.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return trial(context);
    }
}
