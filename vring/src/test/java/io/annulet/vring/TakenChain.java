package io.annulet.vring;

import java.util.ArrayList;
import java.util.List;

/** What a device half took as one chain, as a value that tests compare and print. */
record TakenChain(int head, ChainFault fault, List<Piece> readable, List<Piece> writable) {

    /** Consecutive bytes of one buffer inside one region. */
    record Piece(long hostAddress, int byteLength) {
        @Override
        public String toString() {
            return byteLength + " bytes at 0x" + Long.toHexString(hostAddress);
        }
    }

    static TakenChain faulty(int head, ChainFault fault) {
        return new TakenChain(head, fault, List.of(), List.of());
    }

    static List<TakenChain> all(ChainBurst burst) {
        List<TakenChain> chains = new ArrayList<>();
        for (int i = 0; i < burst.count(); i++) {
            chains.add(of(burst, i));
        }
        return chains;
    }

    static TakenChain of(ChainBurst burst, int chain) {
        List<Piece> readable = pieces(burst, burst.firstSegment(chain), burst.firstWritable(chain));
        List<Piece> writable = pieces(burst, burst.firstWritable(chain), burst.endSegment(chain));
        checkSum(burst.readableByteLength(chain), readable);
        checkSum(burst.writableByteLength(chain), writable);
        return new TakenChain(burst.head(chain), burst.fault(chain), readable, writable);
    }

    private static List<Piece> pieces(ChainBurst burst, int first, int end) {
        if (first > end) {
            throw new AssertionError("segments from " + first + " to " + end);
        }
        List<Piece> pieces = new ArrayList<>();
        for (int i = first; i < end; i++) {
            pieces.add(new Piece(burst.segmentAddress(i), burst.segmentByteLength(i)));
        }
        return pieces;
    }

    private static void checkSum(long byteLength, List<Piece> pieces) {
        long sum = pieces.stream().mapToLong(Piece::byteLength).sum();
        if (sum != byteLength) {
            throw new AssertionError("a chain of " + byteLength + " bytes has pieces of " + sum);
        }
    }
}
