package io.annulet.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Loads the ring's classes once more, as they were compiled, but with every call of {@code HostMemory} led to {@link
 * SteppedMemory}: so what is explored is the code that runs in production, which pays nothing for it. One call can be
 * sabotaged on the way, to show that its absence would be found.
 */
final class Rewired extends ClassLoader {

    private static final ClassDesc HOST_MEMORY = ClassDesc.of("io.annulet.memory.HostMemory");
    private static final ClassDesc STEPPED_MEMORY = ClassDesc.of("io.annulet.model.SteppedMemory");

    /**
     * Leaves a call of {@code HostMemory} out of one method, or puts another in its place.
     *
     * @param instead the name of a method with the same signature, or empty to leave the call out, which then must have
     *     neither arguments nor result
     */
    record Sabotage(String simpleClassName, String method, String call, String instead) {
        static final Sabotage NONE = new Sabotage("", "", "", "");

        static Sabotage without(String simpleClassName, String method, String call) {
            return new Sabotage(simpleClassName, method, call, "");
        }

        @Override
        public String toString() {
            return equals(NONE)
                    ? "as compiled"
                    : simpleClassName + "." + method + (instead.isEmpty() ? " without " : " with " + instead + " for ")
                            + call;
        }
    }

    static {
        registerAsParallelCapable();
    }

    private final Sabotage sabotage;
    private final AtomicInteger sabotaged = new AtomicInteger();

    Rewired(Sabotage sabotage) {
        super(Rewired.class.getClassLoader());
        this.sabotage = sabotage;
    }

    /** A program of this package, over the rewired classes. */
    Program program(Class<? extends Program> type, Scenario scenario) {
        try {
            Class<?> rewired = loadClass(type.getName());
            return (Program) rewired.getConstructor(Scenario.class).newInstance(scenario);
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(type + " has no public constructor with a scenario", impossible);
        }
    }

    /** How many calls were sabotaged in the classes loaded so far. */
    int sabotaged() {
        return sabotaged.get();
    }

    private static boolean isOurs(String name) {
        return name.startsWith("io.annulet.vring.")
                || name.startsWith("io.annulet.memory.")
                || name.startsWith(DriverProgram.class.getName())
                || name.startsWith(DeviceProgram.class.getName());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            return isOurs(name) ? define(name) : super.loadClass(name, resolve);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        String file = name.replace('.', '/') + ".class";
        try (InputStream in = getParent().getResourceAsStream(file)) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] rewired = rewire(in.readAllBytes());
            return defineClass(name, rewired, 0, rewired.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] rewire(byte[] compiled) {
        ClassFile classFile = ClassFile.of();
        ClassModel model = classFile.parse(compiled);
        String simpleName = model.thisClass().asSymbol().displayName();
        ClassTransform transform = (builder, element) -> {
            if (element instanceof MethodModel method) {
                String name = method.methodName().stringValue();
                builder.transformMethod(method, MethodTransform.transformingCode(calls(simpleName, name)));
            } else {
                builder.with(element);
            }
        };
        return classFile.transformClass(model, transform);
    }

    private CodeTransform calls(String simpleClassName, String method) {
        return (builder, element) -> {
            if (!(element instanceof InvokeInstruction call)
                    || !call.owner().asSymbol().equals(HOST_MEMORY)) {
                builder.with(element);
                return;
            }
            String name = call.name().stringValue();
            if (simpleClassName.equals(sabotage.simpleClassName)
                    && method.equals(sabotage.method)
                    && name.equals(sabotage.call)) {
                sabotaged.incrementAndGet();
                if (sabotage.instead.isEmpty()) {
                    return;
                }
                name = sabotage.instead;
            }
            builder.invokestatic(STEPPED_MEMORY, name, call.typeSymbol());
        };
    }
}
