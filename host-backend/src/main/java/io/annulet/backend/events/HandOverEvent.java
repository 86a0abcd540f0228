package io.annulet.backend.events;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Another process serves from now on, or this one in place of another. */
@Name("annulet.HandOver")
@Label("Hand-over")
@Category("Annulet")
@StackTrace(false)
public final class HandOverEvent extends Event {

    @Label("Role")
    final String role;

    @Label("What")
    final String what;

    /** @param role gave or took */
    public HandOverEvent(String role, String what) {
        this.role = role;
        this.what = what;
    }
}
