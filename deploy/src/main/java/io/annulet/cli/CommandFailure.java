package io.annulet.cli;

/**
 * What stops a command for a reason its user can mend: it is shown as a line for what happened and one for the
 * remedy, and the command ends with status 2.
 */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    /**
     * @param problem what could not be done and why, for example {@code "cannot listen on /run/a.sock: in use"}
     * @param remedy what the user can do about it, as an instruction
     */
    public CommandFailure(String problem, String remedy) {
        super(problem);
        this.remedy = remedy;
    }

    public CommandFailure(String problem, String remedy, Throwable cause) {
        super(problem, cause);
        this.remedy = remedy;
    }

    public String remedy() {
        return remedy;
    }
}
