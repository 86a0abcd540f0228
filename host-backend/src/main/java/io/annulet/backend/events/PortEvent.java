package io.annulet.backend.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** What happens to one port; each kind of event is a class of its own, as Flight Recorder wants it. */
@Category("Annulet")
@StackTrace(false)
public abstract sealed class PortEvent extends Event {

    @Label("Port")
    final String port;

    @Label("Session")
    @Description("How many front-ends have connected to the port so far, this one included")
    final long session;

    private PortEvent(String port, long session) {
        this.port = port;
        this.session = session;
    }

    /** A front-end has connected. */
    @Name("annulet.SessionUp")
    @Label("Front-end Connected")
    public static final class SessionUp extends PortEvent {
        @Label("Process")
        final int process;

        public SessionUp(String port, long session, int process) {
            super(port, session);
            this.process = process;
        }
    }

    /** A session has ended. */
    @Name("annulet.SessionDown")
    @Label("Session Ended")
    public static final class SessionDown extends PortEvent {
        @Label("Why")
        final String why;

        public SessionDown(String port, long session, String why) {
            super(port, session);
            this.why = why;
        }
    }

    /** A front-end broke the protocol, or a driver its ring. */
    @Name("annulet.Fault")
    @Label("Fault of a Front-end or Driver")
    public static final class Fault extends PortEvent {
        @Label("Fault")
        final String fault;

        public Fault(String port, long session, String fault) {
            super(port, session);
            this.fault = fault;
        }
    }

    /** A driver reset its device, so that no ring runs. */
    @Name("annulet.Reset")
    @Label("Device Reset")
    public static final class Reset extends PortEvent {
        @Label("Message")
        @Description("What said so: RESET_DEVICE, or SET_STATUS with 0")
        final String message;

        public Reset(String port, long session, String message) {
            super(port, session);
            this.message = message;
        }
    }
}
