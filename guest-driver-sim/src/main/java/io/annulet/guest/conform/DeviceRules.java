package io.annulet.guest.conform;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Rules on messages that are about the device: MTU, announcement, status, reset, configuration space. */
final class DeviceRules {

    private static final int RARP_ETHER_TYPE = 0x8035;
    private static final int SOURCE_AT = 6;
    private static final int SMALLEST_MTU = 68;
    private static final int LARGEST_MTU = 65_535;
    private static final int CONFIG_BYTES = 8;
    // VIRTIO 1.2, "Network Device, Device configuration layout".
    private static final int MAX_PAIRS_AT = 8;
    // VIRTIO 1.2, "Device Status Field".
    private static final int ACKNOWLEDGE = 1;
    private static final int DRIVER = 2;

    private DeviceRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-MTU-01",
                        "Front-end message types, NET_SET_MTU",
                        "an MTU of 1,500 is answered with 0",
                        DeviceRules::validMtu),
                rule(
                        "VU-MTU-02",
                        "Front-end message types, NET_SET_MTU",
                        "an MTU of less than 68 or more than 65,535 is not answered with 0",
                        DeviceRules::invalidMtu),
                rule(
                                "VU-RARP-01",
                                "Front-end message types, SEND_RARP",
                                "SEND_RARP sends a broadcast RARP frame with the guest's MAC address",
                                DeviceRules::rarp)
                        .withTraffic(),
                rule(
                        "VU-STATUS-01",
                        "Front-end message types, SET_STATUS",
                        "GET_STATUS tells what SET_STATUS said, and 0 after a reset",
                        DeviceRules::status),
                rule(
                                "VU-RESET-01",
                                "Front-end message types, RESET_DEVICE",
                                "after RESET_DEVICE no receive buffer is used",
                                DeviceRules::quietAfterReset)
                        .withTraffic(),
                rule(
                                "VU-RESET-02",
                                "Front-end message types, RESET_DEVICE",
                                "after RESET_DEVICE a whole set-up on the same connection works",
                                DeviceRules::setUpAfterReset)
                        .withTraffic(),
                rule(
                                "VU-RESET-03",
                                "Front-end message types, RESET_OWNER",
                                "RESET_OWNER drops no state: enabled again, the rings go on",
                                DeviceRules::resetOwner)
                        .withTraffic()
                        .advised(),
                rule(
                        "VU-CONFIG-01",
                        "Front-end message types, GET_CONFIG",
                        "GET_CONFIG is answered with as many bytes as were asked for, or none",
                        DeviceRules::config),
                rule(
                        "VU-INFL-01",
                        "Front-end message types, GET_INFLIGHT_FD",
                        "GET_INFLIGHT_FD is answered with a descriptor and the area's size, and SET_INFLIGHT_FD takes it",
                        InflightRules::inflight),
                rule(
                                "VU-INFL-02",
                                "Inflight I/O tracking",
                                "a front-end that comes back with the same area goes on",
                                InflightRules::comesBackWithArea)
                        .withTraffic(),
                rule(
                                "VU-INFL-03",
                                "Inflight I/O tracking",
                                "a chain that was given back is no longer noted as in flight",
                                InflightRules::nothingIsInFlight)
                        .withTraffic(),
                rule(
                                "VU-INFL-04",
                                "Inflight I/O tracking",
                                "the used index in the area is that of the ring",
                                InflightRules::usedIndexIsNoted)
                        .withTraffic()
                        .advised(),
                rule(
                        "VU-CONFIG-02",
                        "Front-end message types, SET_CONFIG",
                        "SET_CONFIG changes no read-only field unless it is for migration",
                        DeviceRules::readOnlyConfig),
                rule(
                        "VU-ENDIAN-01",
                        "Front-end message types, SET_VRING_ENDIAN",
                        "SET_VRING_ENDIAN takes 0 and 1, and nothing else",
                        DeviceRules::byteOrder));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check);
    }

    private static ProbeGuest mtuGuest(Trial trial) {
        ProbeGuest guest =
                trial.attached(0, Setup.USUAL.with(VirtioFeature.NET_MTU).with(ProtocolFeature.NET_MTU));
        guest.needs(VirtioFeature.NET_MTU, "VIRTIO_NET_F_MTU")
                .needs(ProtocolFeature.NET_MTU)
                .needs(ProtocolFeature.REPLY_ACK);
        guest.setFeatures();
        return guest;
    }

    private static void validMtu(Trial trial) {
        long status = mtuGuest(trial).frontEnd().status(VhostUserRequest.NET_SET_MTU, Payloads.u64(1500));
        Stop.unless(status == 0, "status 0", "status " + status);
    }

    private static void invalidMtu(Trial trial) {
        for (long mtu : new long[] {0, SMALLEST_MTU - 1, LARGEST_MTU + 1}) {
            MessageRules.notAccepted(
                    trial, mtuGuest(trial).frontEnd(), VhostUserRequest.NET_SET_MTU.id(), Payloads.u64(mtu));
            trial.close();
            trial.pause();
        }
    }

    private static void rarp(Trial trial) {
        ProbeGuest tested = trial.attached(0, Setup.USUAL.with(ProtocolFeature.RARP));
        Pair pair = trial.flowing(tested.needs(ProtocolFeature.RARP), trial.guest(1, Setup.USUAL));
        byte[] mac = TestFrames.mac(0);
        long macNumber = 0;
        for (byte part : mac) {
            macNumber = (macNumber << 8) | (part & 0xff);
        }
        tested.frontEnd().sendRarp(macNumber);
        trial.await("a RARP frame at the other port", () -> {
            for (Received received = pair.peer().frames().poll();
                    received != null;
                    received = pair.peer().frames().poll()) {
                if (isRarpFrom(mac, received.frame())) {
                    return true;
                }
            }
            return false;
        });
    }

    private static boolean isRarpFrom(byte[] mac, byte[] frame) {
        return TestFrames.etherType(frame) == RARP_ETHER_TYPE
                && Arrays.equals(Arrays.copyOfRange(frame, SOURCE_AT, SOURCE_AT + mac.length), mac)
                && frame[0] == -1;
    }

    private static void status(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.with(ProtocolFeature.STATUS));
        guest.needs(ProtocolFeature.STATUS);
        for (int status : new int[] {ACKNOWLEDGE, ACKNOWLEDGE | DRIVER, 0, ACKNOWLEDGE}) {
            guest.frontEnd().setStatus(status);
            int told = guest.frontEnd().getStatus();
            Stop.unless(told == status, "status " + status, "status " + told);
        }
    }

    private static Pair resetPair(Trial trial) {
        ProbeGuest tested = trial.attached(0, Setup.USUAL.with(ProtocolFeature.RESET_DEVICE));
        tested.needs(ProtocolFeature.RESET_DEVICE);
        Pair pair = trial.flowing(tested, trial.guest(1, Setup.USUAL));
        trial.await("transmit buffers come back", () -> {
            tested.frames().reclaim();
            return tested.transmit().outstanding() == 0;
        });
        tested.frontEnd().resetDevice();
        tested.settle();
        return pair;
    }

    private static void quietAfterReset(Trial trial) {
        Pair pair = resetPair(trial);
        int usedIndex = pair.tested().receive().raw().usedIndexAcquire();
        for (int i = 0; i < 8; i++) {
            pair.peer().frames().offer(pair.frameToTested(TestFrames.MIN_BYTE_LENGTH));
        }
        pair.peer().frames().flush();
        trial.quiet(
                "no receive buffer is used",
                "a receive buffer was used",
                () -> pair.tested().receive().raw().usedIndexAcquire() != usedIndex);
    }

    private static void setUpAfterReset(Trial trial) {
        Pair pair = resetPair(trial);
        ProbeGuest tested = pair.tested();
        tested.renewQueues(Setup.USUAL_RING_SIZE / 2);
        tested.bringUp();
        pair.warmUp();
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
    }

    private static void resetOwner(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        pair.tested().frontEnd().resetOwner();
        pair.tested().settle();
        pair.tested().enableAll();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static ProbeGuest configGuest(Trial trial) {
        return trial.attached(0, Setup.USUAL.with(ProtocolFeature.CONFIG)).needs(ProtocolFeature.CONFIG);
    }

    private static byte[] configPayload(int offset, byte[] bytes) {
        byte[] payload = Arrays.copyOf(new byte[MessageLayout.CONFIG_BYTES], MessageLayout.CONFIG_BYTES + bytes.length);
        ByteBuffer.wrap(payload)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MessageLayout.CONFIG_OFFSET, offset)
                .putInt(MessageLayout.CONFIG_SIZE, bytes.length)
                .put(MessageLayout.CONFIG_BYTES, bytes);
        return payload;
    }

    /** The bytes there; none if the back-end has none. */
    private static byte[] readConfig(ProbeGuest guest, int offset, int byteLength) {
        byte[] question = configPayload(offset, new byte[byteLength]);
        try (Message reply = guest.frontEnd().ask(VhostUserRequest.GET_CONFIG, question)) {
            int told = reply.payload().remaining();
            Stop.unless(
                    told == question.length || told == 0,
                    "a payload of " + question.length + " bytes, or of none",
                    reply.toString());
            byte[] bytes = new byte[told == 0 ? 0 : byteLength];
            reply.payload().position(told - bytes.length).get(bytes);
            return bytes;
        }
    }

    private static void config(Trial trial) {
        readConfig(configGuest(trial), 0, CONFIG_BYTES);
    }

    /** Refusing is a back-end's right, and closing the connection over it too. */
    private static void readOnlyConfig(Trial trial) {
        ProbeGuest guest = configGuest(trial);
        byte[] before = readConfig(guest, MAX_PAIRS_AT, Short.BYTES);
        if (before.length == 0) {
            throw Stop.notOffered("a configuration space with max_virtqueue_pairs");
        }
        byte[] other = {(byte) (before[0] ^ 0x55), before[1]};
        byte[] after;
        try {
            guest.frontEnd()
                    .send(VhostUserRequest.SET_CONFIG.id(), MessageLayout.VERSION, configPayload(MAX_PAIRS_AT, other));
            after = readConfig(guest, MAX_PAIRS_AT, Short.BYTES);
        } catch (FrontEndException refused) {
            return;
        }
        Stop.unless(Arrays.equals(before, after), "max_virtqueue_pairs as before", "what the driver wrote");
    }

    private static void byteOrder(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.with(ProtocolFeature.CROSS_ENDIAN));
        guest.needs(ProtocolFeature.CROSS_ENDIAN).needs(ProtocolFeature.REPLY_ACK);
        for (int order = 0; order <= 1; order++) {
            guest.frontEnd().tell(VhostUserRequest.SET_VRING_ENDIAN, Payloads.vringState(0, order));
        }
        MessageRules.notAccepted(
                trial, guest.frontEnd(), VhostUserRequest.SET_VRING_ENDIAN.id(), Payloads.vringState(0, 2));
    }
}
