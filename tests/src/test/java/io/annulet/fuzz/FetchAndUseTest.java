package io.annulet.fuzz;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import io.annulet.model.Rewired;
import io.annulet.model.Rewired.Sabotage;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * F01, F02, F03, F05, F06, F09 by a hook between each fetch and its use: what a driver overwrites there harms nobody. The
 * classes of production are loaded anew for it, with the hook in the place of {@code HostMemory}.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class FetchAndUseTest {

    private static final long SEED = 20_261_127;
    private static final int INPUTS = Integer.getInteger("annulet.fuzz.fetches", 100_000);

    /** What the targets that are loaded anew have in common with the test. */
    private static final Set<String> SHARED = Set.of(
            Target.class.getName(),
            Input.class.getName(),
            GuestWorld.class.getName(),
            HostMemory.class.getName(),
            HookedMemory.class.getName(),
            HookedMemory.Hook.class.getName());

    private final GuestWorld world = new GuestWorld();
    private final OverwritingDriver driver = new OverwritingDriver(world, SEED);

    private Target target(Class<?> type) throws ReflectiveOperationException {
        Rewired loader = new Rewired(HookedMemory.class, FetchAndUseTest::isLoadedAnew, Sabotage.NONE);
        return (Target) loader.loadClass(type.getName())
                .getConstructor(GuestWorld.class, HookedMemory.Hook.class)
                .newInstance(world, driver);
    }

    private static boolean isLoadedAnew(String name) {
        boolean isPart = name.startsWith("io.annulet.vring.")
                || name.startsWith("io.annulet.memory.")
                || name.startsWith(FetchAndUseTest.class.getPackageName());
        return isPart && !SHARED.contains(name);
    }

    @Test
    void whatIsOverwrittenBetweenFetchAndUseHarmsNobody() throws ReflectiveOperationException {
        FuzzRun run = new FuzzRun(target(OverwrittenRingTarget.class), SEED);
        FuzzRun.Finding finding = run.run(INPUTS, executions -> {});
        assertNull(finding, () -> String.valueOf(finding));
        assertTrue(driver.overwritten() > INPUTS, "hardly anything was overwritten");
    }

    @Test
    void aLengthThatIsFetchedAgainAfterItsCheckIsFound() throws ReflectiveOperationException {
        assertNotNull(new FuzzRun(target(SecondFetchTarget.class), SEED).run(1000, executions -> {}));
    }
}
