package io.annulet.fuzz;

import io.annulet.memory.HostMemory;

/**
 * Frames with their virtio-net headers as a hostile driver writes them: mostly of a known form, with wrong fields. Stateless
 * but for the address it writes to.
 */
final class HostileFrames {

    /** Bytes that one frame's headers take at most, virtio-net's included. */
    static final int MOST_HEADER_BYTES = 192;

    private static final int ETHERNET = 14;
    private static final int TCP = 6;
    private static final int UDP = 17;

    private long at;
    private int l3;
    private int l4;
    private int protocol;
    private boolean v6;

    /** What was written last. */
    private int length;

    int length() {
        return length;
    }

    /**
     * Writes headers to an address.
     *
     * @param virtio bytes of the virtio-net header
     * @param number what the frame is known by: the last byte of its source address
     * @param payload bytes that will follow
     */
    void write(Input input, long address, int virtio, int number, int payload) {
        at = address + virtio;
        HostMemory.storeLong(at, 0x02_00_00_00_00_02L);
        HostMemory.storeLong(at + 6, (long) number << 40 | 2);
        int kind = input.octet();
        l3 = ETHERNET;
        for (int tags = kind & 3; tags > 1; tags--) {
            store16(at + l3 - 2, 0x8100);
            store16(at + l3, input.pair());
            l3 += 4;
        }
        v6 = (kind & 4) != 0;
        protocol = (kind & 8) != 0 ? TCP : (kind & 16) != 0 ? UDP : input.octet();
        store16(at + l3 - 2, kind >= 240 ? input.pair() : v6 ? 0x86dd : 0x0800);
        int l4Bytes = protocol == TCP ? 20 : 8;
        if (v6) {
            ip6(input, l4Bytes + payload);
        } else {
            ip4(input, l4Bytes + payload);
        }
        transport(input, l4Bytes, payload);
        length = virtio + l4 + l4Bytes;
        for (int wrong = input.octet() >>> 6; wrong > 1; wrong--) {
            HostMemory.storeByte(at + ETHERNET + input.below(l4 + l4Bytes - ETHERNET), input.octet());
        }
        virtioHeader(input, address, virtio, l4Bytes);
    }

    private void ip4(Input input, int behind) {
        int options = input.oneIn(8) ? 4 * input.below(11) : 0;
        HostMemory.storeByte(at + l3, 0x45 + options / 4);
        HostMemory.zero(at + l3 + 1, 19 + options);
        store16(at + l3 + 2, 20 + options + behind);
        HostMemory.storeByte(at + l3 + 8, 64);
        HostMemory.storeByte(at + l3 + 9, protocol);
        if (input.oneIn(32)) {
            store16(at + l3 + 6, input.pair());
        }
        l4 = l3 + 20 + options;
    }

    private void ip6(Input input, int behind) {
        HostMemory.zero(at + l3, 40);
        HostMemory.storeByte(at + l3, 0x60);
        int next = 6;
        l4 = l3 + 40;
        for (int extensions = input.oneIn(4) ? 1 + input.below(3) : 0; extensions > 0; extensions--) {
            HostMemory.storeByte(at + l3 + next, extensionKind(input));
            HostMemory.zero(at + l4, 8);
            next = l4 - l3;
            l4 += 8;
        }
        HostMemory.storeByte(at + l3 + next, protocol);
        store16(at + l3 + 4, l4 - l3 - 40 + behind);
    }

    private static int extensionKind(Input input) {
        return switch (input.octet() & 3) {
            case 0 -> 0;
            case 1 -> 43;
            case 2 -> 44;
            default -> 60;
        };
    }

    private void transport(Input input, int bytes, int payload) {
        HostMemory.zero(at + l4, bytes);
        store16(at + l4, 1000);
        store16(at + l4 + 2, 2000);
        if (protocol == TCP) {
            HostMemory.storeByte(at + l4 + 12, 0x50);
            HostMemory.storeByte(at + l4 + 13, input.octet());
        } else {
            store16(at + l4 + 4, bytes + payload);
        }
    }

    private void virtioHeader(Input input, long header, int bytes, int l4Bytes) {
        HostMemory.zero(header, bytes);
        int kind = input.octet();
        if (kind < 48) {
            return;
        }
        HostMemory.storeByte(header, kind < 240 ? 1 : input.octet());
        store16Little(header + 6, kind < 200 ? l4 : input.pair() & 0xff);
        store16Little(header + 8, kind < 224 ? (protocol == TCP ? 16 : 6) : input.octet());
        if (kind < 96) {
            return;
        }
        int type = protocol == TCP ? (v6 ? 4 : 1) : (kind & 1) != 0 ? 5 : 3;
        HostMemory.storeByte(header + 1, kind < 216 ? type | (kind & 2) << 6 : input.octet());
        store16Little(header + 2, l4 + l4Bytes);
        int size = input.octet();
        store16Little(header + 4, size < 128 ? 200 + size : size < 250 ? 8 * (size - 127) : input.pair());
    }

    private static void store16(long address, int value) {
        HostMemory.storeByte(address, value >>> 8);
        HostMemory.storeByte(address + 1, value);
    }

    private static void store16Little(long address, int value) {
        HostMemory.storeShortUnaligned(address, value);
    }
}
