/**
 * Seeing frames: which of them, as filters say it, copied by workers into rings, and written as pcapng by threads beside the
 * data path. A capture loses frames, which it counts; the traffic loses none.
 */
@NullMarked
package io.annulet.backend.capture;

import org.jspecify.annotations.NullMarked;
