package io.annulet.cli.vm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Talks to {@code deploy/qemu/guest-init} in the guest: a command line goes in, its output and exit status come back.
 * One thread at a time uses it.
 */
final class GuestAgent {
    private static final Pattern READY = Pattern.compile("@@ready@@\n");
    private static final Pattern EXIT = Pattern.compile("@@exit (\\d{1,3})@@\n");

    private final Chardev chardev;

    /** Commands that the guest has been given and has not answered, because nobody waited long enough. */
    private int unansweredCount;

    GuestAgent(Chardev chardev) {
        this.chardev = chardev;
    }

    /** Waits until the guest has come up; commands that a restart swallowed will not be answered any more. */
    boolean awaitReady(Deadline deadline) {
        boolean isReady = chardev.readTo(READY, deadline).isPresent();
        if (isReady) {
            unansweredCount = 0;
        }
        return isReady;
    }

    /** Nothing when the deadline or the end of QEMU came before the answer; a late answer is dropped. */
    Optional<QemuGuest.Result> run(String command, Deadline deadline) {
        while (unansweredCount > 0) {
            if (chardev.readTo(EXIT, deadline).isEmpty()) {
                return Optional.empty();
            }
            unansweredCount--;
        }
        if (!send(command, deadline)) {
            return Optional.empty();
        }
        Optional<Chardev.Found> answer = chardev.readTo(EXIT, deadline);
        answer.ifPresent(found -> unansweredCount--);
        return answer.map(found -> new QemuGuest.Result(
                Integer.parseInt(found.match().group(1)),
                new String(found.before().getBytes(ISO_8859_1), UTF_8)));
    }

    /** Gives the guest a command whose answer nobody waits for. */
    boolean send(String command, Deadline deadline) {
        if (command.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("a command is one line: " + command);
        }
        boolean isSent = chardev.write(new String(command.getBytes(UTF_8), ISO_8859_1) + "\n", deadline);
        if (isSent) {
            unansweredCount++;
        }
        return isSent;
    }
}
