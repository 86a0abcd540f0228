/**
 * Traffic through simulated guests: who sends what, who proves what became of it, and how fast it went.
 *
 * <pre>
 *  options   TrafficOptions: Load (FrameForm, Offloading, FrameSizes, Rate), Placement, Patience, SearchOptions
 *  frames    FrameSource -+- TestFrameSource - FrameTable -+- FlowTable          FrameCheck -+- TestFrameCheck
 *                         |                                +- TransportTable                 +- CaptureCheck
 *                         +- CaptureSource - CaptureFile
 *  duties    Sender (Pacer), Receiver, Echo, RoundTrip, Drain   one duty cycle each: step(nowNanos)
 *  engine    TrafficRun: Station (a guest), Phase (who steps until when), DutyThread, Watchdog
 *  search    RateSearch, Trial
 *  results   TrafficReport, PhaseReport, FrameCounts, LatencySummary
 * </pre>
 *
 * <p>A duty belongs to one thread during a phase and to the thread that runs the phases before and after it. What it did
 * so far it publishes, so that a watchdog can tell a back-end that hangs from one that is slow.
 */
@NullMarked
package io.annulet.guest.traffic;

import org.jspecify.annotations.NullMarked;
