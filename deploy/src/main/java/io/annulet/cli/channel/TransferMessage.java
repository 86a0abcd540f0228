package io.annulet.cli.channel;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.channel.SealedChannel;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What sender and receiver of a file say to each other besides its bytes: a verb and words, one a line; immutable.
 *
 * <pre>
 *   sender    offer NAME SIZE SHA256   done
 *   receiver  resume OFFSET            stored   refused REASON
 * </pre>
 */
record TransferMessage(String verb, List<String> words) {
    static final String OFFER = "offer";
    static final String RESUME = "resume";
    static final String DONE = "done";
    static final String STORED = "stored";
    static final String REFUSED = "refused";

    /** The receiver's memory into which the sender places the file. */
    static final int REGION = 1;

    static TransferMessage of(String verb, String... words) {
        return new TransferMessage(verb, List.of(words));
    }

    static TransferMessage read(long address, int byteLength) {
        List<String> lines = List.of(new String(HostMemory.copyOut(address, byteLength), UTF_8).split("\n", -1));
        return new TransferMessage(lines.getFirst(), lines.subList(1, lines.size()));
    }

    /** Sends it at once; false if there is no room now. */
    boolean send(SealedChannel channel) {
        byte[] bytes =
                String.join("\n", List.of(verb, String.join("\n", words))).getBytes(UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(bytes.length);
            HostMemory.copyIn(bytes, 0, bytes.length, memory.address());
            return channel.send(memory.address(), bytes.length) && channel.flush();
        }
    }

    long number(int index) {
        return Long.parseLong(words.get(index));
    }
}
