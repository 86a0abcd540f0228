package io.annulet.cli.config;

import java.util.List;

/** A configuration file cannot be used. Each problem is one line: file, line number, what is wrong and what to write. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    ConfigException(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }
}
