package io.annulet.channel;

/** What an end found wrong with the memory it shares. Any of them ends the session; a new handshake may follow. */
public enum ChannelFault {
    INDEX_FORGED("an index of the other end points where it cannot"),
    HEADER_FORGED("a record's header is none that the other end could have written"),
    RECORD_ALTERED("a record was altered, replayed, reordered, left out or put in: its tag does not fit"),
    TYPE_UNKNOWN("the other end sent a kind of record that this one does not know"),
    ITEM_MALFORMED("the other end sent a record whose items do not add up"),
    PLACEMENT_REFUSED("the other end placed bytes outside of the memory registered for it"),
    KEY_USED_UP("a key was used more than it may be: the other end did not change it in time"),
    MEMORY_LOST("the shared memory is gone: someone truncated its file");

    private final String sentence;

    ChannelFault(String sentence) {
        this.sentence = sentence;
    }

    /** What it is, for a log or a person. */
    public String sentence() {
        return sentence;
    }
}
