package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.api.ApiOptions;
import io.annulet.backend.api.ApiRoutes;
import io.annulet.backend.api.ApiServer;
import io.annulet.backend.api.ApiSpec;
import io.annulet.cli.config.Reload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where and to whom {@code annulet run} serves its API. */
final class ApiChoice {

    @Option(
            names = "--api",
            paramLabel = "SOCKET[,option=value]...",
            description =
                    "Serve the control API, for annulet ctl: owner= group= perm= of the socket (default: perm=0660);"
                            + " read=all|USER+@GROUP, change= likewise: who may (default: all, and this user);"
                            + " tcp=ADDRESS:PORT: over TCP too, with mutual TLS: cert= key= ca= are PEM files, and"
                            + " tls-change=NAME+NAME whose certificates may change;"
                            + " reports=FOLDER: reports of studies that the page links to.")
    private @Nullable String api;

    /** Null if it is not served. */
    @Nullable
    ApiOptions options() {
        return api == null ? null : ApiSpec.parse(api);
    }

    static @Nullable ApiServer server(
            @Nullable ApiOptions options, @Nullable Backend backend, @Nullable Reload reload) {
        return options == null || backend == null
                ? null
                : new ApiServer(
                        options,
                        ApiRoutes.of(
                                backend,
                                Main.Version.text(),
                                reload == null ? null : reload::reload,
                                options.reports()));
    }

    /** What is read after the sandbox was entered. */
    static List<Path> filesToRead(@Nullable Path config, @Nullable ApiOptions api) {
        List<Path> files = new ArrayList<>();
        if (config != null) {
            files.add(config);
        }
        if (api != null) {
            files.addAll(api.filesToRead());
        }
        return files;
    }
}
