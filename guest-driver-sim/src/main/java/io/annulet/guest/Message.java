package io.annulet.guest;

import io.annulet.linux.Fd;
import io.annulet.vhostuser.MessageLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** One received vhost-user message, checked for nothing but its length; whoever has it closes the descriptors it brought. */
public final class Message implements AutoCloseable {

    private final int request;
    private final int flags;
    private final byte[] payload;
    private final List<Fd> fds;

    /** @param fds a list to take from */
    Message(int request, int flags, byte[] payload, List<Fd> fds) {
        this.request = request;
        this.flags = flags;
        this.payload = payload;
        this.fds = fds;
    }

    /** The id, as 32 bits. */
    public int request() {
        return request;
    }

    public int flags() {
        return flags;
    }

    public boolean isReply() {
        return (flags & MessageLayout.FLAG_REPLY) != 0;
    }

    public boolean needsReply() {
        return (flags & MessageLayout.FLAG_NEED_REPLY) != 0;
    }

    /** The payload to read, little-endian. */
    public ByteBuffer payload() {
        return ByteBuffer.wrap(payload).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    public List<Fd> fds() {
        return fds;
    }

    /** Its first descriptor, which is the caller's now. */
    Fd takeFd() {
        return fds.removeFirst();
    }

    @Override
    public void close() {
        fds.forEach(Fd::close);
    }

    @Override
    public String toString() {
        return "message " + request + ", flags " + flags + ", " + payload.length + " bytes, " + fds.size()
                + " descriptors";
    }
}
