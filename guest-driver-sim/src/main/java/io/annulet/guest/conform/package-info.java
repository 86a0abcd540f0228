/**
 * The conformance kit: checks a vhost-user net back-end against the specifications, rule by rule.
 *
 * <pre>
 *  ConformanceRun -- for each Rule --> Trial -+- ProbeGuest -+- VhostUserFrontEnd
 *        |                                    |  (port 0,    +- GuestRam, ProbeBuffers
 *        v                                    |   tested)    +- ProbeQueue (receive, transmit)
 *  BackEnd: a command, or a socket            +- ProbeGuest (port 1, the peer of the traffic)
 * </pre>
 *
 * <p>The rules stand in {@code *Rules}, a class for each topic. A check returns if the back-end keeps the rule and throws
 * {@link io.annulet.guest.conform.Stop} if not; every wait in it has a deadline. What specifications leave open is no rule.
 *
 * <p>One thread runs it all.
 */
@NullMarked
package io.annulet.guest.conform;

import org.jspecify.annotations.NullMarked;
