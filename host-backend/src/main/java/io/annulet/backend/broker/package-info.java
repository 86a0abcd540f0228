/**
 * A process that has given up its rights, and one beside it that has not and opens for it what was agreed on before. They
 * talk over a Unix socket, a request and its answer at a time; what was opened goes along as a descriptor.
 *
 * <pre>
 *   annulet run --sandbox                      annulet broker
 *   BrokeredAccess -- BrokerMessage, fds --> Broker (looks into BrokerRules)
 *                 <-- BrokerMessage, fds --
 * </pre>
 */
@NullMarked
package io.annulet.backend.broker;

import org.jspecify.annotations.NullMarked;
