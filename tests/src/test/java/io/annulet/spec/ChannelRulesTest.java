package io.annulet.spec;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.annulet.linux.LibcryptoAes;
import java.time.Clock;
import java.time.Instant;
import java.util.Date;
import javax.crypto.Cipher;
import org.junit.jupiter.api.Test;

/** What sealed channels may use, read from the class files. */
final class ChannelRulesTest {
    private static final JavaClasses CHANNEL = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.annulet.channel");

    @Test
    void theRulesSeeTheClasses() {
        assertFalse(CHANNEL.isEmpty());
    }

    /**
     * O12: tags are compared where they are made, by libcrypto and by the JDK, in constant time; no other class has one in
     * its hands.
     */
    @Test
    void onlyTheSealersHaveCiphers_O12() {
        noClasses()
                .that()
                .doNotHaveSimpleName("NativeAead")
                .and()
                .doNotHaveSimpleName("JdkAead")
                .and()
                .doNotHaveSimpleName("NoiseState")
                .and()
                .doNotHaveSimpleName("Aead")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Cipher.class, LibcryptoAes.class)
                .check(CHANNEL);
    }

    /** O16: whoever controls the clock on the wall controls nothing. It goes into randomness, where it can only help. */
    @Test
    void nobodyAsksWhatTimeItIs_O16() {
        noClasses()
                .that()
                .doNotHaveSimpleName("Freshness")
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Instant.class, Clock.class, Date.class)
                .check(CHANNEL);
    }
}
