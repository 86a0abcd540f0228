package io.annulet.cli.demo;

/** A step of the demonstration failed; the cause says how. */
public final class StepFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final RuntimeException reason;

    StepFailure(String step, RuntimeException reason) {
        super(step, reason);
        this.reason = reason;
    }

    /** The step's name. */
    public String step() {
        return String.valueOf(getMessage());
    }

    public RuntimeException reason() {
        return reason;
    }
}
