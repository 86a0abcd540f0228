package io.annulet.vring;

/** Notes of the chains of a split ring; owned by the worker of its queue. */
final class SplitChainNotes extends ChainNotes {

    private final int[] heads;
    private int usedIndex;
    private int lastBatchHead;
    private int linkedHead;
    private int linkedIndex;

    SplitChainNotes(InflightWords words, long region, int size) {
        super(words, region, size);
        this.heads = new int[mask + 1];
    }

    @Override
    void begin(int position) {
        words.word(region + InflightLayout.HEAD, 0); // not in use until all of it is
        words.word(region + InflightLayout.FEATURES, 0);
        for (int i = 0; i < size; i++) {
            words.word(entryOf(i), 0);
        }
        usedIndex = position;
        words.word(region + InflightLayout.HEAD, InflightLayout.head(size, 0, usedIndex));
    }

    @Override
    void goOn(InflightChains chains) {
        boolean[] inFlight = new boolean[size];
        for (InflightChains.Chain chain : chains.chains()) {
            inFlight[chain.entry()] = true;
            heads[place(noted++)] = chain.entry();
        }
        forgetPassedBehind(chains.passedChains());
        for (int i = 0; i < size; i++) {
            if (!inFlight[i]) {
                words.pair(entryOf(i), 0);
            }
        }
        counter = chains.nextCounter();
        usedIndex = chains.position();
        words.word(region + InflightLayout.HEAD, InflightLayout.head(size, 0, usedIndex));
    }

    private long entryOf(int head) {
        return region + InflightLayout.SPLIT_ENTRIES + (long) InflightLayout.SPLIT_ENTRY_BYTES * head;
    }

    @Override
    long entry(int number) {
        return entryOf(heads[place(number)]);
    }

    @Override
    void note(DeviceHalf half, ChainBurst burst, int first, int count, int position) {
        for (int i = 0; i < count; i++) {
            int number = taken + i;
            int head = burst.head(first + i);
            if (number - noted < 0) {
                if (heads[place(number)] == head) {
                    continue;
                }
                words.pair(entry(number), 0); // the driver changed what it had made available
            }
            heads[place(number)] = head;
            words.word(entryOf(head) + InflightLayout.COUNTER, counter++);
            words.pair(entryOf(head) + InflightLayout.INFLIGHT, 1);
        }
    }

    @Override
    void link(int count, int position) {
        int head = lastBatchHead;
        for (int i = 0; i < count; i++) {
            int next = head;
            head = heads[place(shown + i)];
            words.pair(entryOf(head) + InflightLayout.SPLIT_NEXT, next);
        }
        linkedHead = head;
        linkedIndex = position;
        words.word(region + InflightLayout.HEAD, InflightLayout.head(size, head, usedIndex));
    }

    @Override
    void unlink(int count) {
        for (int i = 0; i < count; i++) {
            words.pair(entry(shown + i), 0);
        }
        lastBatchHead = linkedHead;
        usedIndex = linkedIndex;
        words.word(region + InflightLayout.HEAD, InflightLayout.head(size, lastBatchHead, usedIndex));
    }
}
