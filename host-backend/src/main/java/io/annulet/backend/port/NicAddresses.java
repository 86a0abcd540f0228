package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.stats.PortCounters;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicFilter;
import java.util.ArrayList;
import java.util.List;

/**
 * What a NIC that is not to receive everything lets through: its own address, and those that frames have left by, since
 * answers come to them; owned by the port's worker.
 *
 * <p>An address stays for as long as the port does. To drop one after a while would cut off who only listens, and a NIC does
 * not flood what it does not know, as a switch does. Guests choose addresses, so their number is bounded: beyond it the NIC
 * receives everything.
 */
final class NicAddresses {

    /** So many addresses are kept, the NIC's own among them. */
    static final int MOST = 64;

    private static final long GROUP = 1;

    private final Nic nic;
    private final PortCounters counters;
    private final NicPortOptions options;
    private final long[] known = new long[MOST];
    private int count;
    private long last;
    private boolean everything;
    private boolean changed;
    private boolean wasRefused;
    private int timesSet;

    /** Of a NIC that was not started. */
    NicAddresses(Nic nic, NicPortOptions options, PortCounters counters) {
        this.nic = nic;
        this.options = options;
        this.counters = counters;
        this.everything = options.promiscuous();
        this.last = nic.macAddress();
        known[count++] = last;
        nic.receiveOnly(filter());
    }

    NicFilter filter() {
        if (everything) {
            return NicFilter.EVERYTHING;
        }
        List<Long> addresses = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            addresses.add(known[i]);
        }
        return new NicFilter(false, addresses, options.allGroups(), options.groups());
    }

    /** Frames are about to leave: answers to them are let in before. */
    void learn(FrameBurst burst, FrameList frames) {
        if (everything) {
            return;
        }
        for (int i = 0; i < frames.count(); i++) {
            long source = burst.sourceMac(frames.frame(i));
            if (source != last && !everything) {
                last = source;
                add(source);
            }
        }
        settle();
    }

    private void add(long source) {
        if ((source & GROUP) != 0) {
            return;
        }
        for (int i = 0; i < count; i++) {
            if (known[i] == source) {
                return;
            }
        }
        changed = true;
        if (count == MOST) {
            everything = true;
        } else {
            known[count++] = source;
        }
    }

    /** Tells the NIC what it was not told, as soon as it has answered; a NIC that cannot filter is to receive everything. */
    void settle() {
        Nic.FilterState state = nic.filterState();
        if (state == Nic.FilterState.REFUSED && !wasRefused) {
            wasRefused = true;
            changed = true;
            everything = true;
            counters.nicFilterRefused();
        }
        if (changed && state != Nic.FilterState.UNDER_WAY) {
            changed = false;
            timesSet++;
            nic.receiveOnly(filter());
            counters.nicFiltered();
        }
    }

    /** How often the filter has changed. */
    int timesSet() {
        return timesSet;
    }

    /** Whether the NIC has said that it does what it was told. */
    boolean isSet() {
        return !changed && nic.filterState() == Nic.FilterState.SET;
    }

    boolean isSettled() {
        return !changed && nic.filterState() != Nic.FilterState.UNDER_WAY;
    }
}
