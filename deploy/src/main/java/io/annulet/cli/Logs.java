package io.annulet.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.Layout;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.status.NopStatusListener;
import io.annulet.cli.config.LogOptions;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;

/**
 * The log: lines on standard error, since standard output is what commands answer. Logback finds this class as a
 * service. The level is that of the system property {@code annulet.log} until a command sets another; it is for
 * Annulet's own loggers, other libraries speak from WARN on.
 */
public final class Logs extends ContextAwareBase implements Configurator {
    private static final String OURS = "io.annulet";
    private static final String APPENDER = "stderr";

    /** Sets what Annulet's loggers say from now on, and how. */
    static void set(LogOptions options) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger(OURS).setLevel(Level.convertAnSLF4JLevel(options.level()));
        if (options.isJson()) {
            Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
            root.detachAppender(APPENDER);
            root.addAppender(appender(context, new LogJson()));
        }
    }

    /** Runs something of which only errors are worth a line. */
    static void quietly(Runnable what) {
        Logger ours = ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(OURS);
        Level before = ours.getLevel();
        ours.setLevel(Level.ERROR);
        try {
            what.run();
        } finally {
            ours.setLevel(before);
        }
    }

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        // Without a listener Logback would print its own warnings on standard output.
        context.getStatusManager().add(new NopStatusListener());
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender(context, new LogLine()));
        context.getLogger(OURS).setLevel(Level.toLevel(System.getProperty("annulet.log"), Level.INFO));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static ConsoleAppender<ILoggingEvent> appender(LoggerContext context, Layout<ILoggingEvent> layout) {
        layout.setContext(context);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setLayout(layout);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName(APPENDER);
        appender.setTarget(ConsoleTarget.SystemErr.getName());
        appender.setEncoder(encoder);
        appender.start();
        return appender;
    }
}
