package io.annulet.cli.demo;

import java.util.Map;

/**
 * Something that was measured.
 *
 * @param name such as "ping from a to b"
 * @param text for people
 * @param values for programs: names that end in their unit, whole numbers
 */
public record Figure(String name, String text, Map<String, Long> values) {}
