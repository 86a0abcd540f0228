/**
 * Events of the JDK's Flight Recorder, few and off the data path: what happens to a port's front-end. They cost nothing but
 * a test while no recording runs; {@code annulet run} records with the JVM's {@code -XX:StartFlightRecording}.
 */
@NullMarked
package io.annulet.backend.events;

import org.jspecify.annotations.NullMarked;
