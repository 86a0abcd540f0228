package io.annulet.spec;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.zip.Checksum;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.agrona.DirectBuffer;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Which room may use what, read from the class files. The first rules are the picture in docs/ARCHITECTURE.md. */
final class ArchitectureTest {
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.annulet");

    /**
     * Classes beside {@link HostMemory} and the kernel calls that read or write a segment themselves. Each works on
     * memory that no peer can see; the reason stands beside its name.
     */
    private static final Set<String> OWN_MEMORY_ONLY = Set.of();

    @Test
    void theRulesSeeTheClasses() {
        assertFalse(OURS.that(resideInAPackage("io.annulet.vring")).isEmpty());
        assertFalse(OURS.that(resideInAPackage("io.annulet.linux")).isEmpty());
        assertFalse(OURS.that(resideInAPackage("io.annulet.cli")).isEmpty());
    }

    @Test
    void dataPlaneDoesNotKnowTheControlPlane() {
        check(noClasses()
                .that()
                .resideInAPackage("..backend.data..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("..backend.control.."));
    }

    @Test
    void offloadsKnowNeitherBurstsNorPorts() {
        check(noClasses()
                .that()
                .resideInAPackage("..backend.offload..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "..backend.data..", "..backend.port..", "..backend.control..", "..backend.stats.."));
    }

    @Test
    void policiesKnowNeitherBurstsNorPorts() {
        check(noClasses()
                .that()
                .resideInAPackage("..backend.policy..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("..backend.data..", "..backend.port..", "..backend.control.."));
    }

    @Test
    void dataPlaneDoesNotLog() {
        check(noClasses()
                .that()
                .resideInAnyPackage("..backend.data..", "..backend.offload..", "..backend.policy..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.slf4j..", "java.util.logging.."));
    }

    @Test
    void ringsAndGuestMemoryDoNotCallTheKernel() {
        check(noClasses()
                .that()
                .resideInAnyPackage("io.annulet.vring..", "io.annulet.memory..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.annulet.linux.."));
    }

    @Test
    void onlyTheLinuxPackageCallsNativeCode() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.annulet.linux..")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Linker.class, SymbolLookup.class)
                .orShould()
                .callMethodWhere(call(System.class, "load|loadLibrary")));
    }

    @Test
    void onlyHostMemoryAndTheLinuxPackageMakeAddressesIntoMemory() {
        check(noClasses().that(are(not(trusted()))).should().callMethodWhere(call(MemorySegment.class, "reinterpret")));
    }

    @Test
    void onlyHostMemoryAndTheLinuxPackageTouchSegments() {
        check(noClasses()
                .that(are(not(trusted())))
                .and(are(not(onOwnMemory())))
                .should()
                .callMethodWhere(call(
                        MemorySegment.class,
                        "get.*|set.*|copy.*|fill|mismatch|toArray|as.*Buffer|elements|spliterator"))
                .orShould()
                .callMethodWhere(call(VarHandle.class, "get.*|set.*|(weakC|c)ompareAnd.*")));
    }

    /** HotSpot's interpreter dies on these when a front-end has truncated its memory. */
    @Test
    void hostMemoryHasNoCompareAndSetAndNoReleaseStore() {
        check(noClasses()
                .that(are(trusted()))
                .should()
                .callMethodWhere(call(VarHandle.class, "(weakC|c)ompareAnd.*|setRelease")));
    }

    /** HotSpot's C2 dies on a 32-bit load that is widened by sign, and inlining brings the widening to the load. */
    @Test
    void hostMemoryHasNoIntAccess() {
        check(noClasses()
                .that(belongTo(equivalentTo(HostMemory.class)))
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(ValueLayout.OfInt.class));
    }

    /** The same shapes, in the other way there is to an address. */
    @Test
    void hostMemoryHasNoneOfTheFatalShapesThroughUnsafeEither() {
        check(noClasses()
                .that(belongTo(equivalentTo(HostMemory.class)))
                .should()
                .callMethodWhere(call(
                        UnsafeApi.class,
                        "(get|put|getAndAdd|getAndSet)Int.*|(weakC|c)ompareAnd.*|put(Short|Char|Byte)Release")));
    }

    /** Device memory is mapped from a file that the kernel keeps; nobody can truncate it. */
    @Test
    void onlyHostMemoryAndDeviceMemoryUseUnsafe() {
        check(noClasses()
                .that(are(not(belongTo(equivalentTo(HostMemory.class)))))
                .and()
                .doNotHaveFullyQualifiedName("io.annulet.linux.DeviceMemory")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName(UnsafeApi.class.getName())
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching("(sun\\.misc|jdk\\.internal\\.misc)\\.Unsafe"));
    }

    /** A buffer over an absolute address would be guest memory that no rule here sees. */
    @Test
    void noBufferIsLaidOverAnAddress() {
        DescribedPredicate<JavaMethodCall> takesAddress = describe(
                "take an address",
                call -> call.getTarget().getRawParameterTypes().stream()
                        .anyMatch(type -> type.isEquivalentTo(long.class)));
        check(noClasses()
                .should()
                .callMethodWhere(call(DirectBuffer.class, "wrap").and(takesAddress))
                .orShould()
                .callConstructor(UnsafeBuffer.class, long.class, int.class));
    }

    /** These hand the address to native code that HotSpot does not guard. */
    @Test
    void checksumsAndCompressionDoNotTakeBuffers() {
        DescribedPredicate<JavaMethodCall> takesBuffer = describe(
                "take a ByteBuffer",
                call -> call.getTarget().getRawParameterTypes().stream()
                        .anyMatch(type -> type.isAssignableTo(ByteBuffer.class)));
        for (Class<?> type : Set.of(Checksum.class, Deflater.class, Inflater.class)) {
            check(noClasses().should().callMethodWhere(call(type, ".*").and(takesBuffer)));
        }
    }

    @Test
    void classesAreFinalUnlessTheyAreMeantToBeExtended() {
        check(classes()
                .that()
                .areNotInterfaces()
                .and()
                .areNotEnums()
                .and(are(not(describe("abstract", type -> type.getModifiers().contains(JavaModifier.ABSTRACT)))))
                .and(are(not(
                        describe("extended", type -> !type.getAllSubclasses().isEmpty()))))
                .and()
                .areNotAnonymousClasses()
                .should()
                .haveModifier(JavaModifier.FINAL));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(OURS);
    }

    private static DescribedPredicate<JavaClass> trusted() {
        return resideInAPackage("io.annulet.linux..").or(belongTo(equivalentTo(HostMemory.class)));
    }

    private static DescribedPredicate<JavaClass> onOwnMemory() {
        return describe("listed as touching own memory only", type -> OWN_MEMORY_ONLY.contains(type.getName()));
    }

    private static DescribedPredicate<JavaMethodCall> call(Class<?> type, String names) {
        DescribedPredicate<? super AccessTarget> owned = owner(assignableTo(type));
        DescribedPredicate<? super AccessTarget> named = nameMatching(names);
        return describe(
                "call " + type.getSimpleName() + "." + names,
                call -> owned.test(call.getTarget()) && named.test(call.getTarget()));
    }
}
