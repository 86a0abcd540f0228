package io.annulet.guest.conform;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Rules on moving a device to another place: its state, and memory that comes later. */
final class MigrationRules {

    private static final String STATE = "Migrating back-end state";
    private static final int SAVE = 0;
    private static final int LOAD = 1;
    private static final int MOST_STATE_BYTES = 1 << 24;
    private static final long ERROR_MASK = 0xff;
    private static final long NO_FD = 0x100;

    private MigrationRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-STATE-01",
                        STATE,
                        "a suspended device writes its state to the end, and says that it did",
                        trial -> save(trial, stateGuest(trial))),
                rule(
                        "VU-STATE-02",
                        STATE,
                        "a suspended device takes back the state that it wrote",
                        MigrationRules::loaded),
                rule(
                        "VU-POST-01",
                        "Front-end message types, POSTCOPY_ADVISE",
                        "POSTCOPY_ADVISE is answered with a userfault descriptor",
                        trial -> advise(postcopyGuest(trial).frontEnd())),
                rule(
                        "VU-POST-02",
                        "Front-end message types, POSTCOPY_END",
                        "POSTCOPY_END is answered with 0",
                        MigrationRules::postcopyEnds));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check);
    }

    // State.

    private static ProbeGuest stateGuest(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.with(ProtocolFeature.DEVICE_STATE));
        guest.needs(ProtocolFeature.DEVICE_STATE);
        guest.setFeatures();
        guest.shareMemory();
        return guest;
    }

    /** The front-end's end of the channel, which may be one that the back-end made. */
    private static Fd channel(Trial trial, ProbeGuest guest, int direction) {
        UnixSocket.Pair ends = trial.own(UnixSocket.pair());
        Message reply = trial.own(guest.frontEnd()
                .ask(
                        VhostUserRequest.SET_DEVICE_STATE_FD,
                        Payloads.vringState(direction, 0),
                        ends.second().fd()));
        ends.second().close();
        Stop.unless(reply.payload().remaining() == Long.BYTES, "an answer of 8 bytes", reply.toString());
        long answer = reply.payload().getLong();
        boolean withFd = reply.fds().size() == 1;
        Stop.unless(
                (answer & ERROR_MASK) == 0 && ((answer & NO_FD) == 0) == withFd,
                "success, with a descriptor or with bit 8",
                "0x" + Long.toHexString(answer) + " and " + reply.fds().size() + " descriptors");
        return withFd ? reply.fds().getFirst() : ends.first().fd();
    }

    private static byte[] save(Trial trial, ProbeGuest guest) {
        Fd end = channel(trial, guest, SAVE);
        ByteArrayOutputStream state = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1 << 16);
            trial.await("the end of the state", () -> {
                long read = read(end, buffer);
                if (read > 0) {
                    state.writeBytes(HostMemory.copyOut(buffer.address(), (int) read));
                }
                Stop.unless(state.size() <= MOST_STATE_BYTES, "a state of at most 16 MiB", "more");
                return read == 0;
            });
        }
        check(guest);
        return state.toByteArray();
    }

    private static void loaded(Trial trial) {
        byte[] state = save(trial, stateGuest(trial));
        trial.close();
        trial.pause();
        ProbeGuest guest = stateGuest(trial);
        Fd end = channel(trial, guest, LOAD);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocateFrom(ValueLayout.JAVA_BYTE, state);
            long[] written = new long[1];
            trial.await("the whole state is taken", () -> {
                written[0] += write(end, buffer, written[0]);
                return written[0] == state.length;
            });
        }
        end.close();
        check(guest);
    }

    /** The bytes read, 0 at the end, or less than 0 while there is nothing yet. */
    private static long read(Fd fd, MemorySegment buffer) {
        return FileDescriptors.awaitReadable(fd, 0) ? FileDescriptors.read(fd, buffer) : -1;
    }

    private static long write(Fd fd, MemorySegment bytes, long from) {
        boolean waits = from == bytes.byteSize() || !FileDescriptors.awaitWritable(fd, 0);
        return waits ? 0 : Math.max(0, FileDescriptors.write(fd, bytes.address() + from, bytes.byteSize() - from));
    }

    private static void check(ProbeGuest guest) {
        try (Message reply = guest.frontEnd().ask(VhostUserRequest.CHECK_DEVICE_STATE, Payloads.nothing())) {
            Stop.unless(
                    reply.payload().remaining() == Long.BYTES && reply.payload().getLong() == 0,
                    "CHECK_DEVICE_STATE answers 0",
                    reply.toString());
        }
    }

    // Post-copy.

    private static ProbeGuest postcopyGuest(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.with(ProtocolFeature.PAGEFAULT));
        guest.needs(ProtocolFeature.PAGEFAULT);
        guest.setFeatures();
        return guest;
    }

    private static void advise(VhostUserFrontEnd frontEnd) {
        try (Message reply = frontEnd.ask(VhostUserRequest.POSTCOPY_ADVISE, Payloads.nothing())) {
            Stop.unless(reply.fds().size() == 1, "one descriptor", reply.toString());
        } catch (FrontEndException e) {
            throw Stop.broken("one descriptor", String.valueOf(e.getMessage()));
        }
    }

    private static void postcopyEnds(Trial trial) {
        VhostUserFrontEnd frontEnd = postcopyGuest(trial).frontEnd();
        advise(frontEnd);
        frontEnd.tell(VhostUserRequest.POSTCOPY_LISTEN, Payloads.nothing());
        try (Message reply = frontEnd.ask(VhostUserRequest.POSTCOPY_END, Payloads.nothing())) {
            Stop.unless(
                    reply.payload().remaining() == Long.BYTES && reply.payload().getLong() == 0,
                    "0 in 8 bytes",
                    reply.toString());
        }
    }
}
