package io.annulet.fuzz;

import io.annulet.backend.policy.SourceRule;
import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;

/**
 * Frames of a port that is held to its addresses, headers cut anywhere: what passes has the port's own source addresses,
 * and what lies behind the copied bytes decides nothing. Owned by one thread.
 */
public final class SourceRuleTarget implements Target {

    private static final int ROOM = 512;
    private static final int ETHERNET = 14;
    private static final long MAC = 0x02_00_00_00_00_02L;
    private static final String RULE_MAC = "02:00:00:00:00:02";
    private static final int OWN = 10 << 24 | 1;

    private final SourceRule rule = SourceRule.parse(RULE_MAC, "10.0.0.1+fe80::/64");
    private final long frame = Arena.global().allocate(ROOM, 64).address();

    @Override
    public long run(Input input) {
        HostMemory.zero(frame, ROOM);
        int kind = input.octet();
        HostMemory.storeLong(frame, input.octet() < 128 ? -1 : input.word());
        HostMemory.storeLong(frame + 6, input.octet() < 224 ? Long.reverseBytes(MAC) >>> 16 : input.word());
        int l3 = ETHERNET;
        for (int tags = kind & 3; tags > 1; tags--) {
            store16(l3 - 2, 0x8100);
            l3 += 4;
        }
        write(kind >>> 2 & 7, l3, input);
        for (int wrong = input.octet() >>> 5; wrong > 3; wrong--) {
            HostMemory.storeByte(frame + 12 + input.below(100), input.octet());
        }
        int copied = input.octet() < 192 ? 160 : ETHERNET + input.below(120);
        DropReason why = rule.judge(frame, copied);
        boolean needsLong = rule.needsLongCopy(frame, copied);
        for (int i = copied; i < ROOM; i++) {
            HostMemory.storeByte(frame + i, 0xff);
        }
        if (why != rule.judge(frame, copied) || needsLong != rule.needsLongCopy(frame, copied)) {
            throw new AssertionError("bytes behind the copy decided");
        }
        if (why == null) {
            assertOwn();
        }
        return (why == null ? 0 : why.ordinal() + 1) | (long) (kind & 31) << 8 | (needsLong ? 1L << 16 : 0);
    }

    private void write(int form, int l3, Input input) {
        switch (form) {
            case 0, 1 -> {
                store16(l3 - 2, 0x0800);
                HostMemory.storeByte(frame + l3, 0x45);
                store32(l3 + 12, input.oneIn(4) ? OWN + 1 : OWN);
            }
            case 2, 3 -> neighbour(l3, input);
            case 4, 5 -> {
                store16(l3 - 2, 0x0806);
                store32(l3, 1 << 16 | 0x0800);
                store32(l3 + 4, 6 << 24 | 4 << 16 | 1 + (form & 1));
                HostMemory.storeLong(frame + l3 + 8, Long.reverseBytes(MAC) >>> 16);
                store32(l3 + 14, input.oneIn(4) ? OWN + 1 : OWN);
            }
            case 6 -> store16(l3 - 2, 0x8035);
            default -> store16(l3 - 2, input.pair());
        }
    }

    private void neighbour(int l3, Input input) {
        store16(l3 - 2, 0x86dd);
        HostMemory.storeByte(frame + l3, 0x60);
        store16(l3 + 4, 32 + 8 * (input.octet() & 3));
        boolean extended = input.oneIn(4);
        HostMemory.storeByte(frame + l3 + 6, extended ? input.octet() & 63 : 58);
        HostMemory.storeByte(frame + l3 + 7, 255);
        store16(l3 + 8, input.oneIn(4) ? 0xfd00 : 0xfe80);
        int icmp = l3 + 40;
        if (extended) {
            HostMemory.storeByte(frame + icmp, 58);
            icmp += 8;
        }
        HostMemory.storeByte(frame + icmp, 133 + (input.octet() & 7));
        store16(icmp + 8, input.oneIn(4) ? 0xfd00 : 0xfe80);
        for (int at = icmp + 24; at < icmp + 48; at += 8) {
            HostMemory.storeByte(frame + at, input.octet() & 3);
            HostMemory.storeByte(frame + at + 1, input.oneIn(4) ? input.octet() : 1);
            HostMemory.storeLong(frame + at + 2, Long.reverseBytes(MAC) >>> 16);
        }
    }

    /** The plainest reading of what went through. */
    private void assertOwn() {
        BurstCheck.same("source of a frame", MAC, number(6, 6));
        long type = number(12, 2);
        if (type == 0x0800) {
            long source = number(ETHERNET + 12, 4);
            if (source != OWN && source != 0) {
                throw new AssertionError("an IPv4 packet from " + Long.toHexString(source));
            }
        } else if (type == 0x86dd) {
            long source = number(ETHERNET + 8, 8);
            if (source != 0xfe80_0000_0000_0000L && source != 0) {
                throw new AssertionError("an IPv6 packet from " + Long.toHexString(source));
            }
        } else if (type == 0x0806) {
            long sender = number(ETHERNET + 14, 4);
            if (sender != OWN && sender != 0) {
                throw new AssertionError("an ARP message from " + Long.toHexString(sender));
            }
        }
    }

    private long number(int offset, int byteLength) {
        long number = 0;
        for (int i = 0; i < byteLength; i++) {
            number = number << 8 | HostMemory.loadByte(frame + offset + i);
        }
        return number;
    }

    private void store16(int offset, int value) {
        HostMemory.storeByte(frame + offset, value >>> 8);
        HostMemory.storeByte(frame + offset + 1, value);
    }

    private void store32(int offset, int value) {
        store16(offset, value >>> 16);
        store16(offset + 2, value);
    }
}
