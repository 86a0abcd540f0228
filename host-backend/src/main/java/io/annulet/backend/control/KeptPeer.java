package io.annulet.backend.control;

import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A peer as an earlier process left it in the store; immutable. */
record KeptPeer(int id, Fd socket, List<EventFd> vectors) {

    /**
     * The peers of a channel that are whole. What is left of others, as of one that was just being attached, is closed, here
     * and in the store.
     */
    static List<KeptPeer> of(IvshmemOptions options, Map<String, Fd> kept, FdStore store) {
        List<KeptPeer> peers = new ArrayList<>();
        for (int id : ids(KeptNames.peer(options), kept)) {
            Fd socket = kept.remove(KeptNames.socket(options, id));
            List<EventFd> vectors = new ArrayList<>();
            for (int vector = 0; vector < IvshmemOptions.MAX_VECTORS; vector++) {
                Fd fd = kept.remove(KeptNames.vector(options, id, vector));
                if (fd != null) {
                    vectors.add(EventFd.adopt(fd));
                }
            }
            if (socket != null && vectors.size() == options.vectors()) {
                peers.add(new KeptPeer(id, socket, vectors));
            } else {
                vectors.forEach(EventFd::close);
                if (socket != null) {
                    socket.close();
                }
                forget(options, id, store);
            }
        }
        return peers;
    }

    /** Has the store let go of a peer. */
    static void forget(IvshmemOptions options, int id, FdStore store) {
        store.remove(KeptNames.socket(options, id));
        for (int vector = 0; vector < options.vectors(); vector++) {
            store.remove(KeptNames.vector(options, id, vector));
        }
    }

    private static Set<Integer> ids(String prefix, Map<String, Fd> kept) {
        return kept.keySet().stream()
                .filter(name -> name.startsWith(prefix))
                .map(name -> Integer.valueOf(name.substring(prefix.length(), name.indexOf('/', prefix.length()))))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
