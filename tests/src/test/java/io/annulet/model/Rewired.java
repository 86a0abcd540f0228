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
import java.util.function.Predicate;

/**
 * Loads classes once more, as they were compiled, but with every call of {@code HostMemory} led to another class with the
 * same methods, {@link SteppedMemory} for one: so what is tried is the code that runs in production, which pays nothing
 * for it. One call can be sabotaged on the way, to show that its absence would be found.
 */
public final class Rewired extends ClassLoader {

    private static final ClassDesc HOST_MEMORY = ClassDesc.of("io.annulet.memory.HostMemory");
    private static final ClassDesc STEPPED_MEMORY = ClassDesc.of("io.annulet.model.SteppedMemory");

    /** Methods of such names load cache lines and use nothing of them: that is no fetch. */
    private static final String TOUCH = "touch";

    /**
     * Leaves a call of {@code HostMemory} out of one method, or puts another in its place.
     *
     * @param instead the name of a method with the same signature, or empty to leave the call out, which then must have
     *     neither arguments nor result
     */
    public record Sabotage(String simpleClassName, String method, String call, String instead) {
        public static final Sabotage NONE = new Sabotage("", "", "", "");

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

    private final ClassDesc instead;
    private final Predicate<String> isOurs;
    private final Sabotage sabotage;
    private final AtomicInteger sabotaged = new AtomicInteger();

    Rewired(Sabotage sabotage) {
        this(SteppedMemory.class, Rewired::isRing, sabotage);
    }

    /**
     * @param memory stands where {@code HostMemory} stands
     * @param isOurs whether the class of a name is loaded anew; others are those that everybody uses
     */
    public Rewired(Class<?> memory, Predicate<String> isOurs, Sabotage sabotage) {
        super(Rewired.class.getClassLoader());
        this.instead = ClassDesc.of(memory.getName());
        this.isOurs = isOurs;
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
    public int sabotaged() {
        return sabotaged.get();
    }

    private static boolean isRing(String name) {
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
            return isOurs.test(name) ? define(name) : super.loadClass(name, resolve);
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
            if (method.startsWith(TOUCH) && !instead.equals(STEPPED_MEMORY)) {
                builder.with(element);
                return;
            }
            if (simpleClassName.equals(sabotage.simpleClassName)
                    && method.equals(sabotage.method)
                    && name.equals(sabotage.call)) {
                sabotaged.incrementAndGet();
                if (sabotage.instead.isEmpty()) {
                    return;
                }
                name = sabotage.instead;
            }
            builder.invokestatic(instead, name, call.typeSymbol());
        };
    }
}
