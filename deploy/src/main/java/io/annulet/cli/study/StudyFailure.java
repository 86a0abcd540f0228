package io.annulet.cli.study;

/** What was being measured hangs, lies or died: the sweep ends there and reports what it has. One line. */
public final class StudyFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StudyFailure(String problem) {
        super(problem);
    }

    public StudyFailure(String problem, Throwable cause) {
        super(problem, cause);
    }
}
