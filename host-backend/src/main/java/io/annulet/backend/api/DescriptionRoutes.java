package io.annulet.backend.api;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** The description of this API, as others read it; stateless. */
public final class DescriptionRoutes {

    private static final String FILE = "openapi.yaml";

    public List<Route> routes() {
        return List.of(Route.get("/openapi.yaml", request -> ApiResponse.bytes("application/yaml", description())));
    }

    private static byte[] description() throws IOException {
        try (InputStream file = DescriptionRoutes.class.getResourceAsStream(FILE)) {
            if (file == null) {
                throw new IOException(FILE + " is not in the jar");
            }
            return file.readAllBytes();
        }
    }
}
