package io.annulet.guest.traffic;

/** How a run is asked to end early with what it has learnt so far; from any thread. */
public final class Interruption {

    private volatile boolean asked;

    public void ask() {
        asked = true;
    }

    public boolean isAsked() {
        return asked;
    }
}
