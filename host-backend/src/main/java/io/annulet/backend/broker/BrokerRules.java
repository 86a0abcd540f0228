package io.annulet.backend.broker;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What a broker opens: interfaces by kind and name, such as {@code tap:vm*} and {@code af_xdp:eth1}; immutable. A star stands
 * for any characters.
 */
public record BrokerRules(List<String> allowed) {

    private static final Pattern FORM = Pattern.compile("(tap|af_xdp):[A-Za-z0-9._%*@-]{1,32}");

    public BrokerRules {
        allowed = List.copyOf(allowed);
        for (String rule : allowed) {
            if (!FORM.matcher(rule).matches()) {
                throw new IllegalArgumentException("'" + rule
                        + "' is nothing that can be opened later; write tap:NAME or af_xdp:NAME, such as tap:vm*");
            }
        }
    }

    boolean allow(String kind, String name) {
        String wanted = kind + ":" + name;
        return allowed.stream().anyMatch(rule -> matches(rule, wanted));
    }

    private static boolean matches(String rule, String wanted) {
        String[] parts = rule.split("\\*", -1);
        StringBuilder pattern = new StringBuilder(Pattern.quote(parts[0]));
        for (int i = 1; i < parts.length; i++) {
            pattern.append(".*").append(Pattern.quote(parts[i]));
        }
        return wanted.matches(pattern.toString());
    }
}
