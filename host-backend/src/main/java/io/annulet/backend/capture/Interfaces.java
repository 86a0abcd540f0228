package io.annulet.backend.capture;

import io.annulet.backend.port.Port;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** The ports that a capture has seen, by the numbers that its files have for them. From any thread. */
final class Interfaces {

    private final ConcurrentHashMap<String, Integer> numbers = new ConcurrentHashMap<>();
    private final List<String> names = new CopyOnWriteArrayList<>();

    /** Allocates at the first sight of a port only. */
    int number(Port port) {
        Integer known = numbers.get(port.name());
        return known != null ? known : add(port.name());
    }

    private synchronized int add(String name) {
        @Nullable Integer known = numbers.get(name);
        if (known != null) {
            return known;
        }
        names.add(name);
        numbers.put(name, names.size() - 1);
        return names.size() - 1;
    }

    String name(int number) {
        return names.get(number);
    }

    int count() {
        return names.size();
    }
}
