package io.annulet.hostile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
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

    private static final Namespace NAMESPACE = Namespace.create(Hostile.class);

    /** The yard of this JVM, and the folder of its sockets. */
    private record Ground(Yard yard, Path folder, NeighbourFigures figures) implements AutoCloseable {

        static Ground open() {
            try {
                Path folder = Files.createTempDirectory("annulet-hostile");
                Yard yard = Yard.openForTrials(folder);
                return new Ground(yard, folder, NeighbourFigures.begin(yard.canary()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {
            figures.tell();
            yard.close();
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static Ground ground(ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE).getOrComputeIfAbsent("ground", key -> Ground.open(), Ground.class);
    }

    private static Yard yard(ExtensionContext context) {
        return ground(context).yard();
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
            ground(context).figures().countTrial();
            if (context.getExecutionException().isEmpty()) {
                trial.judge();
            }
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        yard(context).canary().rest();
        ground(context).figures().endClass(context.getRequiredTestClass().getSimpleName());
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
