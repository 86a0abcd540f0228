package io.annulet.backend.api;

import io.annulet.backend.Backend;
import io.annulet.backend.Difference;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All routes of a back-end's API: whoever adds some adds a line here; stateless. */
public final class ApiRoutes {

    private ApiRoutes() {}

    /**
     * Every route.
     *
     * @param version of the program, for people
     * @param reload goes over to what the configuration file says now; null if there is none
     * @param reports a folder with reports of studies; null if there is none
     */
    public static List<Route> of(
            Backend backend, String version, @Nullable Supplier<Difference> reload, @Nullable Path reports) {
        return Stream.of(
                        new StatusRoutes(backend, version).routes(),
                        new PortRoutes(backend).routes(),
                        new PortMoveRoutes(backend).routes(),
                        new RingRoutes(backend).routes(),
                        new DomainRoutes(backend).routes(),
                        new ChangeRoutes(backend, reload).routes(),
                        new CounterRoutes(backend).routes(),
                        new SightRoutes(backend).routes(),
                        new PageRoutes(reports).routes(),
                        new DescriptionRoutes().routes())
                .flatMap(List::stream)
                .toList();
    }
}
