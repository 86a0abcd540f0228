package io.annulet.cli.ctl;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Who may see the page: whoever comes first with the token that stands in the address gets a key in a cookie, and needs that
 * from then on. From any thread.
 */
final class PageKey {

    static final String PARAMETER = "token";

    private static final int RANDOM_BYTES = 18;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String token = random();
    private final String key = random();
    private final String cookie = "annulet-" + random().substring(0, 8);
    private final AtomicBoolean isSpent = new AtomicBoolean();

    private static String random() {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    String token() {
        return token;
    }

    /** Spends the token; false if it is not the one, or was spent. */
    boolean redeem(@Nullable String offered) {
        return offered != null && isSame(offered, token) && isSpent.compareAndSet(false, true);
    }

    /** What a browser keeps for this address and sends to nobody else: neither to scripts nor from other sites' pages. */
    String setCookie() {
        return cookie + "=" + key + "; Path=/; HttpOnly; SameSite=Strict";
    }

    boolean isHeldBy(HttpRequest request) {
        for (String header : request.headers().getAll(HttpHeaderNames.COOKIE)) {
            for (Cookie sent : ServerCookieDecoder.STRICT.decodeAll(header)) {
                if (sent.name().equals(cookie) && isSame(sent.value(), key)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isSame(String one, String other) {
        return MessageDigest.isEqual(one.getBytes(US_ASCII), other.getBytes(US_ASCII));
    }
}
