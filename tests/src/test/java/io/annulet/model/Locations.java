package io.annulet.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/** Numbers the addresses that are used, in the order of their first use; belongs to the one thread that explores. */
final class Locations {

    private final LongFunction<String> names;
    private final Map<Long, Integer> numbers = new HashMap<>();
    private final List<Long> addresses = new ArrayList<>();

    Locations(LongFunction<String> names) {
        this.names = names;
    }

    int of(long address) {
        Integer known = numbers.get(address);
        if (known != null) {
            return known;
        }
        numbers.put(address, addresses.size());
        addresses.add(address);
        return addresses.size() - 1;
    }

    String name(int location) {
        return location < addresses.size() ? names.apply(addresses.get(location)) : "nowhere";
    }
}
