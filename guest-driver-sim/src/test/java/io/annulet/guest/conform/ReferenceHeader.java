package io.annulet.guest.conform;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.util.Set;

/** How long the header in front of frames is for the reference back-end. */
final class ReferenceHeader {

    private ReferenceHeader() {}

    static int byteLength(long features, Set<Flaw> flaws) {
        boolean modern = (features & VirtioFeature.VERSION_1) != 0;
        boolean merging = (features & VirtioFeature.NET_MRG_RXBUF) != 0;
        if (modern && !merging && flaws.contains(Flaw.SHORT_HEADER_WITHOUT_MERGING)) {
            return NetHeaderLayout.LEGACY_BYTES;
        }
        if (!modern && !merging && flaws.contains(Flaw.LONG_LEGACY_HEADER)) {
            return NetHeaderLayout.BYTES;
        }
        if (!modern && merging && flaws.contains(Flaw.SHORT_LEGACY_MERGING_HEADER)) {
            return NetHeaderLayout.LEGACY_BYTES;
        }
        return NetHeaderLayout.byteLength(features);
    }
}
