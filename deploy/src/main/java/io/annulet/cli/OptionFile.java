package io.annulet.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * Puts the options of a file in the place of {@code --config FILE}. A line is an option as on the command line, its value
 * behind a blank or an equals sign; empty lines and lines that begin with # say nothing. There is no quoting: the value is
 * the rest of the line.
 *
 * <pre>
 *   # two guests and the host
 *   --port a=vhost-user:/run/annulet/a.sock
 *   --port b=vhost-user:/run/annulet/b.sock
 *   --port host=tap:annulet0
 *   --cpu 2-3
 * </pre>
 */
final class OptionFile implements IParameterPreprocessor {

    @Override
    public boolean preprocess(Stack<String> arguments, CommandSpec command, ArgSpec option, Map<String, Object> info) {
        if (arguments.isEmpty()) {
            throw new ParameterException(command.commandLine(), "--config needs the name of a file");
        }
        String file = arguments.pop();
        List<String> words = read(file, command);
        for (String word : words.reversed()) {
            arguments.push(word);
        }
        return true;
    }

    private static List<String> read(String file, CommandSpec command) {
        List<String> words = new ArrayList<>();
        int number = 0;
        for (String raw : lines(file, command)) {
            number++;
            String line = raw.strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String[] parts = line.split("[\\s=]+", 2);
            if (!parts[0].startsWith("--") || parts[0].equals("--config")) {
                throw new ParameterException(
                        command.commandLine(),
                        file + ":" + number + ": '" + parts[0] + "' cannot stand here: begin the line with an option");
            }
            words.addAll(List.of(parts));
        }
        return words;
    }

    private static List<String> lines(String file, CommandSpec command) {
        String problem;
        try {
            return Files.readAllLines(Path.of(file));
        } catch (CharacterCodingException e) {
            problem = "is no text in UTF-8";
        } catch (FileSystemException e) {
            problem = e.getReason() == null ? "does not exist" : e.getReason();
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage());
        }
        throw new ParameterException(command.commandLine(), "the file " + file + " cannot be read: " + problem);
    }
}
