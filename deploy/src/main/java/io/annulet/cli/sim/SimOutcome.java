package io.annulet.cli.sim;

import io.annulet.cli.CommandFailure;
import io.annulet.guest.FrontEndException;
import java.util.List;

/** How a run ends: what it cannot do at all is a {@link CommandFailure}, what a back-end does wrong is a problem. */
final class SimOutcome {

    /** Nothing was wrong. */
    static final int FINE = 0;
    /** A back-end lost or damaged frames, broke a rule, died or hung. */
    static final int PROBLEMS = 1;

    private SimOutcome() {}

    static int status(List<String> problems) {
        return problems.isEmpty() ? FINE : PROBLEMS;
    }

    /**
     * What a front-end that could not be set up means.
     *
     * @return the problem, if it is the back-end's
     * @throws CommandFailure if it is the user's
     */
    static String problem(FrontEndException failure) {
        String message = String.valueOf(failure.getMessage());
        return switch (failure.reason()) {
            case NOT_CONNECTED ->
                throw new CommandFailure(
                        message, "start one there, such as: annulet run --port a=vhost-user:SOCKET", failure);
            case NOT_OFFERED -> throw new CommandFailure(message, "ask for less, or use another back-end", failure);
            default -> message;
        };
    }
}
