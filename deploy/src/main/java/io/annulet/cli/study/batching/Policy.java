package io.annulet.cli.study.batching;

import java.util.List;
import java.util.stream.Stream;

/** When the sender notifies, and what the receiver does when it finds nothing. */
enum Policy {
    /** A notification for each frame, wanted or not. */
    EACH("each", "a notification for each frame"),
    /** A notification if the receiver's flag asks for it, which it does before it sleeps. */
    FLAG("flag", "flag suppression"),
    /** Likewise by event index. */
    EVENT("event", "event index"),
    /** A notification after so many frames as the batch says, each of which was shown at once. */
    COUNT("count", "coalesced by count"),
    /** A notification at most every so many microseconds as the batch says. */
    TIME("time", "coalesced by time"),
    /** Event index, and the receiver polls for a while before it sleeps. */
    ADAPTIVE("adaptive", "adaptive polling"),
    /** No notifications: the receiver never sleeps. */
    POLL("poll", "polling");

    private final String key;
    private final String title;

    Policy(String key, String title) {
        this.key = key;
        this.title = title;
    }

    static Policy of(String key) {
        return Stream.of(values())
                .filter(policy -> policy.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("policy " + key));
    }

    /** What stands in the CSV file. */
    String key() {
        return key;
    }

    /** What stands in a legend. */
    String title() {
        return title;
    }

    boolean usesEventIndex() {
        return this == EVENT || this == ADAPTIVE;
    }

    /** Whether the receiver tells the sender whether it wants to be notified. */
    boolean isAsked() {
        return this == FLAG || this == EVENT || this == ADAPTIVE;
    }

    /** Whether each frame is shown as soon as it is there, whatever the batch. */
    boolean showsEachFrame() {
        return this == EACH || this == COUNT || this == TIME;
    }

    /** Those that a driver can choose for its receive queue while the device calls as it is asked to. */
    static List<Policy> ofDrivers() {
        return List.of(FLAG, EVENT, ADAPTIVE, POLL);
    }
}
