package io.annulet.cli.bench;

import java.nio.file.Path;

/**
 * Where a back-end listens for two guests.
 *
 * @param name of the back-end, which names its files
 */
record BackEndSockets(Path folder, String name) {

    Path first() {
        return folder.resolve(name + "-a.sock");
    }

    Path second() {
        return folder.resolve(name + "-b.sock");
    }

    Path log() {
        return folder.resolve(name + ".log");
    }
}
