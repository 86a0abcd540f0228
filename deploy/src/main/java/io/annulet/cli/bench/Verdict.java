package io.annulet.cli.bench;

/** What a figure is worth. */
enum Verdict {
    GOAL("goal"),
    FLOOR("floor"),
    MISSED("MISSED"),
    NOT_MEASURED("not measured");

    private final String word;

    Verdict(String word) {
        this.word = word;
    }

    @Override
    public String toString() {
        return word;
    }
}
