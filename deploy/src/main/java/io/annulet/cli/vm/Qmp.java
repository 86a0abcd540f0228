package io.annulet.cli.vm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * QEMU's own command channel: one JSON text a line, in and out. Whoever asks knows what the answer looks like, so the
 * answers stay text. One thread at a time uses it.
 */
final class Qmp {
    private static final Pattern END_OF_LINE = Pattern.compile("\r?\n");

    private final Chardev chardev;
    private boolean hasGreeted;

    Qmp(Chardev chardev) {
        this.chardev = chardev;
    }

    /**
     * Executes a command; events that come in between are dropped.
     *
     * @param arguments a JSON object, or the empty text for none
     * @return QEMU's answer, either <code>{"return": ...}</code> or <code>{"error": ...}</code>, or nothing when the
     *     deadline or the end of QEMU came first
     */
    Optional<String> execute(String command, String arguments, Deadline deadline) {
        if (!hasGreeted) {
            if (nextLine(deadline, "{\"QMP\"").isEmpty()
                    || ask("qmp_capabilities", "", deadline).isEmpty()) {
                return Optional.empty();
            }
            hasGreeted = true;
        }
        return ask(command, arguments, deadline);
    }

    private Optional<String> ask(String command, String arguments, Deadline deadline) {
        String question = arguments.isEmpty()
                ? "{\"execute\": \"" + command + "\"}\n"
                : "{\"execute\": \"" + command + "\", \"arguments\": " + arguments + "}\n";
        if (!chardev.write(new String(question.getBytes(UTF_8), ISO_8859_1), deadline)) {
            return Optional.empty();
        }
        return nextLine(deadline, "{\"return\"", "{\"error\"");
    }

    /** The next line that starts in one of these ways. */
    private Optional<String> nextLine(Deadline deadline, String... starts) {
        while (true) {
            Optional<Chardev.Found> line = chardev.readTo(END_OF_LINE, deadline);
            if (line.isEmpty()) {
                return Optional.empty();
            }
            String text = line.get().before();
            for (String start : starts) {
                if (text.startsWith(start)) {
                    return Optional.of(new String(text.getBytes(ISO_8859_1), UTF_8));
                }
            }
        }
    }
}
