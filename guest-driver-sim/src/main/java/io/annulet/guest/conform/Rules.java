package io.annulet.guest.conform;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** All rules there are, in the order in which they are tried: messages, then rings, then frames. */
public final class Rules {

    private static final List<Rule> ALL = collect();

    private Rules() {}

    private static List<Rule> collect() {
        List<Rule> rules = new ArrayList<>();
        rules.addAll(MessageRules.all());
        rules.addAll(AckRules.all());
        rules.addAll(FeatureRules.all());
        rules.addAll(ReceiveRules.all());
        rules.addAll(TransmitRules.all());
        rules.addAll(MemoryRules.all());
        rules.addAll(RingStateRules.all());
        rules.addAll(BaseRules.all());
        rules.addAll(EventRules.all());
        rules.addAll(UsedRules.all());
        rules.addAll(CallRules.all());
        rules.addAll(ChainRules.all());
        rules.addAll(SizeRules.all());
        rules.addAll(PackedRules.all());
        rules.addAll(DeviceRules.all());
        rules.addAll(ChannelRules.all());
        rules.addAll(TranslationRules.all());
        rules.addAll(MigrationRules.all());
        rules.addAll(LogRules.all());
        rules.addAll(LifeRules.all());
        rules.addAll(ProgramRules.all());
        return List.copyOf(rules);
    }

    public static List<Rule> all() {
        return ALL;
    }

    /** Those whose id begins with one of {@code prefixes}; all without any. */
    public static List<Rule> startingWith(List<String> prefixes) {
        Predicate<Rule> wanted = rule -> prefixes.isEmpty()
                || prefixes.stream().anyMatch(prefix -> rule.id().startsWith(prefix));
        return ALL.stream().filter(wanted).toList();
    }
}
