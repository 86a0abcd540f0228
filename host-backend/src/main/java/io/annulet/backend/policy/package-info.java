/**
 * What a port of a switch may send and receive: VLANs, addresses, limits. Judged on private copies of headers; nothing
 * here knows bursts, ports or the control plane.
 */
@NullMarked
package io.annulet.backend.policy;

import org.jspecify.annotations.NullMarked;
