package io.annulet.cli.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * A YAML file as text with line numbers, and what is wrong with it; used by one thread, for one file. Scalars are taken as they
 * are written: what they mean is up to whoever reads them, so {@code 0660} stays what it is.
 */
final class YamlNodes {

    private static final int MAX_BYTES = 1024 * 1024;
    private static final int MAX_ALIASES = 100;

    private final Path file;
    private final List<String> problems = new ArrayList<>();

    YamlNodes(Path file) {
        this.file = file;
    }

    /** A value, and where it is. */
    record Entry(String key, int line, Node value) {}

    List<String> problems() {
        return problems;
    }

    void problem(int line, String what) {
        problems.add(file + ":" + line + ": " + what);
    }

    /** The document's root; null if it cannot be read, which is a problem then. */
    @Nullable
    Node root() {
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file.toString())
                .setAllowDuplicateKeys(false)
                .setMaxAliasesForCollections(MAX_ALIASES)
                .setCodePointLimit(MAX_BYTES)
                .setUseMarks(true)
                .build();
        try {
            Optional<Node> root = new Compose(settings).composeString(text());
            if (root.isEmpty()) {
                problem(1, "it is empty: write ports and what else there is");
            }
            return root.orElse(null);
        } catch (MarkedYamlEngineException e) {
            Mark mark = e.getProblemMark().or(e::getContextMark).orElse(null);
            problem(mark == null ? 1 : mark.getLine() + 1, "this is no YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            problem(
                    1,
                    "this is no YAML: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
        return null;
    }

    private String text() {
        String what;
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            what = "it is no text in UTF-8";
        } catch (FileSystemException e) {
            what = e.getReason() == null ? "it does not exist" : e.getReason();
        } catch (IOException e) {
            what = String.valueOf(e.getMessage());
        }
        throw new ConfigException(List.of(file + " cannot be read: " + what + "; name a file that can"));
    }

    static int line(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
    }

    /** The entries of a mapping by their keys; none if it is something else, which is a problem then. */
    Map<String, Entry> mapping(Node node, String what) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        if (!(node instanceof MappingNode mapping)) {
            problem(line(node), what + ": write names with values, NAME: VALUE");
            return entries;
        }
        for (NodeTuple tuple : mapping.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key) {
                Entry entry = new Entry(key.getValue(), line(key), tuple.getValueNode());
                if (entries.put(entry.key(), entry) != null) {
                    problem(entry.line(), what + ": " + entry.key() + " is there twice; write it once");
                }
            } else {
                problem(line(tuple.getKeyNode()), what + ": a name has to be a word");
            }
        }
        return entries;
    }

    /** The items of a list; none if it is something else, which is a problem then. */
    List<Node> list(Node node, String what) {
        if (node instanceof SequenceNode list) {
            return list.getValue();
        }
        problem(line(node), what + ": write a list, [one, other] or a line '- one' for each");
        return List.of();
    }

    /** A word as it is written; of a list its words with + between them; null if it is neither, which is a problem. */
    @Nullable
    String text(Node node, String what) {
        if (node instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        if (node instanceof SequenceNode list) {
            StringJoiner words = new StringJoiner("+");
            for (Node item : list.getValue()) {
                if (!(item instanceof ScalarNode scalar)) {
                    problem(line(item), what + ": write a list of words");
                    return null;
                }
                words.add(scalar.getValue());
            }
            return words.toString();
        }
        problem(line(node), what + ": write one value");
        return null;
    }
}
