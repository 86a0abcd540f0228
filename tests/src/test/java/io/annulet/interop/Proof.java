package io.annulet.interop;

/** What a program in a nested host proves: it prints a line for each proof, which the test outside reads. */
final class Proof {

    private Proof() {}

    /** What may go wrong. */
    @FunctionalInterface
    interface Body {
        void run() throws Exception;
    }

    static void of(String name, Body body) {
        String outcome;
        try {
            body.run();
            outcome = "ok";
        } catch (Throwable wrong) {
            outcome = "failed: " + wrong + at(wrong);
        }
        System.out.println("proof " + name + " " + outcome);
    }

    private static String at(Throwable wrong) {
        StringBuilder text = new StringBuilder();
        for (StackTraceElement element : wrong.getStackTrace()) {
            text.append(" < ").append(element);
        }
        return text.toString();
    }

    static void check(boolean isSo, String otherwise) {
        if (!isSo) {
            throw new AssertionError(otherwise);
        }
    }
}
