package io.annulet.linux;

import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Signals that the process is sent by people and service managers; stateless. The JDK's only way to them is a class that its
 * compiler warns of, so it is asked for by name.
 */
public final class ProcessSignals {

    private ProcessSignals() {}

    /**
     * Has an action run, on a thread of the JVM's own, whenever the signal comes.
     *
     * @param name without SIG, such as {@code USR2}
     * @return false if the JVM keeps the signal to itself
     */
    public static boolean handle(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            Object wanted = lookup.findConstructor(signal, MethodType.methodType(void.class, String.class))
                    .invoke(name);
            Object ours = MethodHandleProxies.asInterfaceInstance(
                    handler,
                    MethodHandles.dropArguments(
                            MethodHandles.lookup()
                                    .findVirtual(Runnable.class, "run", MethodType.methodType(void.class))
                                    .bindTo(action),
                            0,
                            signal));
            Object before = lookup.findStatic(signal, "handle", MethodType.methodType(handler, signal, handler))
                    .invoke(wanted, ours);
            return before != null;
        } catch (IllegalArgumentException | ClassNotFoundException kept) {
            return false;
        } catch (Throwable e) {
            throw new IllegalStateException("signal " + name, e);
        }
    }
}
