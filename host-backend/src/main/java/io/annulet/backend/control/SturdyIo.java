package io.annulet.backend.control;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;

/**
 * A handler of descriptors that a full heap does not end; owned by the loop's thread. Netty allocates for some events, and an
 * error of its handler ends the thread. What was ready and not told of is told of with its next event.
 */
final class SturdyIo implements IoHandler {

    private final IoHandler handler;

    private SturdyIo(IoHandler handler) {
        this.handler = handler;
    }

    static IoHandlerFactory over(IoHandlerFactory factory) {
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                return new SturdyIo(factory.newHandler(executor));
            }

            @Override
            public boolean isChangingThreadSupported() {
                return factory.isChangingThreadSupported();
            }
        };
    }

    @Override
    public int run(IoHandlerContext context) {
        try {
            return handler.run(context);
        } catch (OutOfMemoryError full) {
            return 0;
        }
    }

    @Override
    public void initialize() {
        handler.initialize();
    }

    @Override
    public void prepareToDestroy() {
        handler.prepareToDestroy();
    }

    @Override
    public void destroy() {
        handler.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return handler.register(handle);
    }

    @Override
    public void wakeup() {
        handler.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> kind) {
        return handler.isCompatible(kind);
    }
}
