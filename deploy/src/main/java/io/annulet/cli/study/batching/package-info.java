/**
 * The batching study: what a notification costs, and what batching, suppression and polling make of it.
 *
 * <pre>
 *   stand rings      driver half and device half of one ring, a thread each, an eventfd each way, nothing else
 *   stand back-end   a simulated guest, the real control plane over a real socket, a worker, and a port that ends there
 * </pre>
 *
 * <p>In lock-step the sender offers a batch, notifies once and sleeps until it was taken, and the receiver sleeps between
 * batches: each frame costs a, each batch b. In the other experiments sender and receiver run freely under a policy.
 */
@NullMarked
package io.annulet.cli.study.batching;

import org.jspecify.annotations.NullMarked;
