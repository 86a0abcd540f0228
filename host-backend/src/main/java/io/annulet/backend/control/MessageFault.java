package io.annulet.backend.control;

/** A message broke a rule: it is refused with all it carries, and nothing of it has been applied. */
final class MessageFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String why;

    MessageFault(String why) {
        super(why, null, false, false);
        this.why = why;
    }

    @Override
    public String getMessage() {
        return why;
    }
}
