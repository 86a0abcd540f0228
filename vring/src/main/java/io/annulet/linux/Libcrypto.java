package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/**
 * OpenSSL's libcrypto, version 3, as far as AES-256 goes. Any thread may use it; pointers are addresses of memory that no
 * peer can reach. That is a rule and not a habit: this library reads its input more than once, so a peer that changes it
 * meanwhile would have altered bytes accepted, and one that truncates it would end the process.
 */
@SuppressWarnings("restricted")
final class Libcrypto {
    static final int GET_TAG = 0x10;
    static final int SET_TAG = 0x11;
    static final int TAG_BYTE_LENGTH = 16;

    private static final String FILE = "libcrypto.so.3";

    /** Null on a machine without the library. */
    private static final @Nullable SymbolLookup LIBRARY = find();

    /**
     * One shape for all functions, since making one takes a while: registers that a function does not look at may hold
     * anything, and an int is the lower half of its register.
     */
    private static final FunctionDescriptor SHAPE =
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private static final MethodHandle CIPHER_FETCH = handle("EVP_CIPHER_fetch");
    private static final MethodHandle CONTEXT_NEW = handle("EVP_CIPHER_CTX_new");
    private static final MethodHandle CONTEXT_FREE = handle("EVP_CIPHER_CTX_free");
    private static final MethodHandle INIT = handle("EVP_CipherInit_ex");
    private static final MethodHandle UPDATE = handle("EVP_CipherUpdate");
    private static final MethodHandle FINAL = handle("EVP_CipherFinal_ex");
    private static final MethodHandle CONTROL = handle("EVP_CIPHER_CTX_ctrl");
    private static final MethodHandle SET_PADDING = handle("EVP_CIPHER_CTX_set_padding");

    private Libcrypto() {}

    static boolean isAvailable() {
        return LIBRARY != null;
    }

    private static @Nullable SymbolLookup find() {
        try {
            return SymbolLookup.libraryLookup(FILE, Arena.global());
        } catch (IllegalArgumentException notThere) {
            return null;
        }
    }

    /** Without the library a handle that answers 0, which every caller here takes for a failure. */
    private static MethodHandle handle(String function) {
        SymbolLookup library = LIBRARY;
        return library == null
                ? MethodHandles.empty(SHAPE.toMethodType())
                : Linker.nativeLinker().downcallHandle(library.findOrThrow(function), SHAPE);
    }

    private static long call(MethodHandle function, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) function.invokeExact(a, b, c, d, e, f);
        } catch (RuntimeException | Error unexpected) {
            throw unexpected;
        } catch (Throwable impossible) {
            throw new AssertionError("a downcall throws no checked exception", impossible);
        }
    }

    /** A cipher, which lasts as long as the process. */
    static long fetchCipher(String name) {
        MemorySegment text = Arena.global().allocateFrom(name);
        return notNull(call(CIPHER_FETCH, 0, text.address(), 0, 0, 0, 0), "fetch " + name);
    }

    static long newContext() {
        return notNull(call(CONTEXT_NEW, 0, 0, 0, 0, 0, 0), "make a cipher context");
    }

    static void freeContext(long context) {
        call(CONTEXT_FREE, context, 0, 0, 0, 0, 0);
    }

    static void init(long context, long cipher, long key, long iv, boolean encrypt) {
        check(call(INIT, context, cipher, 0, key, iv, encrypt ? 1 : 0), "set key and nonce");
    }

    /** @param outLength the address of an int that gets how many bytes were written */
    static void update(long context, long out, long outLength, long in, int byteLength) {
        check(call(UPDATE, context, out, outLength, in, byteLength, 0), "process bytes");
    }

    /** Whether the end is as it should be: when opening, whether the tag is right. Compares in constant time. */
    static boolean finish(long context, long out, long outLength) {
        return (int) call(FINAL, context, out, outLength, 0, 0, 0) == 1;
    }

    static void control(long context, int command, int number, long pointer) {
        check(call(CONTROL, context, command, number, pointer, 0, 0), "handle the tag");
    }

    static void withoutPadding(long context) {
        check(call(SET_PADDING, context, 0, 0, 0, 0, 0), "turn padding off");
    }

    private static long notNull(long pointer, String action) {
        check(pointer == 0 ? 0 : 1, action);
        return pointer;
    }

    private static void check(long result, String action) {
        if ((int) result != 1) {
            throw new IllegalStateException("libcrypto could not " + action);
        }
    }
}
