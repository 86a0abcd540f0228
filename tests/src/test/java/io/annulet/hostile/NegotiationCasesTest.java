package io.annulet.hostile;

import static io.annulet.vhostuser.VhostUserRequest.GET_VRING_BASE;
import static io.annulet.vhostuser.VhostUserRequest.NET_SET_MTU;
import static io.annulet.vhostuser.VhostUserRequest.RESET_DEVICE;
import static io.annulet.vhostuser.VhostUserRequest.RESET_OWNER;
import static io.annulet.vhostuser.VhostUserRequest.SEND_RARP;
import static io.annulet.vhostuser.VhostUserRequest.SET_BACKEND_REQ_FD;
import static io.annulet.vhostuser.VhostUserRequest.SET_FEATURES;
import static io.annulet.vhostuser.VhostUserRequest.SET_PROTOCOL_FEATURES;
import static io.annulet.vhostuser.VhostUserRequest.SET_STATUS;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_ADDR;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_BASE;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_CALL;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_ENABLE;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_ERR;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_KICK;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_NUM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.BackendChannel;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.EventFd;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class A of the catalogue, second half: messages that are messages, and ask for what is not to be had. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class NegotiationCasesTest {

    /** Of two queue pairs, as the villain's port has them. */
    private static final int VRINGS = 4;

    private static byte[] config(long offset, long size, int bytes) {
        return ByteBuffer.allocate(12 + bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) offset)
                .putInt((int) size)
                .array();
    }

    /** Of the configuration space, which is served to front-ends that have none of their own. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 1",
        "0, 256, 255",
        "0, 257, 256",
        "1, 256, 256",
        "256, 1, 1",
        "0xffffffff, 1, 1",
        "0xffffffff, 2, 2",
        "0x80000000, 0x80000000, 0",
        "0xffffff00, 256, 256",
        "0, 0xffffffff, 256"
    })
    void A09_whatLiesOutsideOfTheConfigurationSpaceIsRefused(String offset, String size, int bytes, Trial trial) {
        byte[] payload = config(Long.decode(offset), Long.decode(size), bytes);
        Talk talk = new Talk(trial, trial.connect(Yard.SEALED)).negotiate(VillainOptions.SPLIT.features());
        talk.isRefused(VhostUserRequest.SET_CONFIG, payload);
        // A question is answered with nothing, and not by hanging up.
        talk.say(Messages.of(VhostUserRequest.GET_CONFIG, Messages.PLAIN, payload));
        talk.isTold(VhostUserRequest.GET_CONFIG, Payloads.nothing());
        trial.expect(Talk.REFUSED, 1);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 3, 65535, 65536, 0x8000_0000L, 32769, 0xffff_ffffL})
    void A10_noSplitRingIsOfThisSize(long size, Trial trial) {
        Talk.negotiated(trial).isRefused(SET_VRING_NUM, Payloads.vringState(0, (int) size));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 65535, 65536, 0x8000_0000L, 32769, 0xffff_ffffL})
    void A10_noPackedRingIsOfThisSize(long size, Trial trial) {
        Talk talk = Talk.fresh(trial).negotiate(VillainOptions.PACKED.features());
        talk.isAccepted(SET_VRING_NUM, Payloads.vringState(0, 3));
        talk.isRefused(SET_VRING_NUM, Payloads.vringState(0, (int) size));
    }

    @ParameterizedTest
    @ValueSource(ints = {VRINGS, 0x10000, 0x10001, 0x100, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void A11_thereIsNoVringOfThisIndex(int index, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        talk.isRefused(SET_VRING_NUM, Payloads.vringState(index, 256));
        talk.isRefused(SET_VRING_BASE, Payloads.vringState(index, 0));
        talk.isRefused(SET_VRING_ADDR, Payloads.vringAddress(index, 0, 0, 0, 0, 0));
        talk.isRefused(SET_VRING_ENABLE, Payloads.vringState(index, 1));
        talk.isAccepted(SET_VRING_NUM, Payloads.vringState(VRINGS - 1, 256));
        talk.endsSession(Messages.of(GET_VRING_BASE, Messages.PLAIN, Payloads.vringState(index, 0)));
    }

    @ParameterizedTest
    @ValueSource(longs = {VRINGS, 0xff, 0x200, 0x1_0000, 0x1_0000_0000L, Long.MIN_VALUE})
    void A11_noDescriptorIsTakenForAVringThatIsNone(long vring, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        try (EventFd event = EventFd.create(true, 0)) {
            for (VhostUserRequest request : List.of(SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR)) {
                talk.isRefused(request, Payloads.u64(vring), event.fd());
                talk.isRefused(request, Payloads.u64(vring | 0x100));
                talk.isRefused(request, Payloads.u64(0x100), event.fd());
                talk.isRefused(request, Payloads.u64(0));
            }
        }
    }

    @Test
    void A12_theBaseOfAQueueThatNeverWasIsZero(Trial trial) {
        Talk talk = Talk.fresh(trial);
        for (int vring = 0; vring < VRINGS; vring++) {
            assertEquals(0, talk.frontEnd().getVringBase(vring));
        }
        talk.negotiate(VillainOptions.SPLIT.features());
        talk.isAccepted(SET_VRING_NUM, Payloads.vringState(1, 256));
        talk.isAccepted(SET_VRING_BASE, Payloads.vringState(1, 7));
        assertEquals(7, talk.frontEnd().getVringBase(1));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1L << 63, 1L << 50, VirtioFeature.NET_CTRL_VQ | VirtioFeature.NET_RSS})
    void A14_featuresThatWereNeverOfferedAreRefused(long features, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        long offered = talk.frontEnd().getFeatures();
        assertTrue((features & ~offered) != 0);
        talk.isRefused(SET_FEATURES, Payloads.u64(features));
        talk.isRefused(SET_FEATURES, Payloads.u64(offered | features));
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                VirtioFeature.NET_HOST_TSO4,
                VirtioFeature.NET_HOST_UFO | VirtioFeature.NET_GUEST_USO4,
                VirtioFeature.NET_GUEST_TSO4 | VirtioFeature.NET_GUEST_ECN,
                VirtioFeature.NET_HOST_ECN
            })
    void A14_featuresThatMakeNoSenseTogetherHarmNobody(long features, Trial trial) {
        trial.villain(VillainOptions.SPLIT.with(features)).sendGood(0);
    }

    @Test
    void A14_headersAreNeverChangedWhileRingsRun(Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        long without = villain.features() & ~VirtioFeature.NET_MRG_RXBUF;
        talk.isRefused(SET_FEATURES, Payloads.u64(without));
        talk.isRefused(SET_FEATURES, Payloads.u64(villain.features() | VirtioFeature.RING_PACKED));
        talk.isAccepted(SET_FEATURES, Payloads.u64(villain.features()));
        villain.sendGood(0);
    }

    /** 7 descriptors were legal, and stand in no split ring. */
    @Test
    void A14_packedRingsThatBecomeSplitOnesAreCheckedAgain(Trial trial) {
        Villain villain = trial.villain(VillainOptions.PACKED.withRingSize(7));
        villain.frontEnd.getVringBase(0);
        villain.frontEnd.getVringBase(1);
        Talk talk = new Talk(trial, villain.frontEnd);
        talk.isAccepted(SET_FEATURES, Payloads.u64(villain.features() & ~VirtioFeature.RING_PACKED));
        VillainQueue queue = villain.transmit();
        talk.isRefused(
                SET_VRING_ADDR,
                Payloads.vringAddress(
                        1,
                        0,
                        queue.ring.descriptorUserAddress(),
                        queue.ring.usedUserAddress(),
                        queue.ring.availUserAddress(),
                        0));
        talk.isRefused(SET_VRING_KICK, Payloads.u64(1), queue.kick.fd());
        villain.isDone();
    }

    @Test
    void A18_inbandNotificationsAreNotOffered(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        long offered = talk.frontEnd().getProtocolFeatures();
        talk.isRefused(SET_PROTOCOL_FEATURES, Payloads.u64(offered | ProtocolFeature.INBAND_NOTIFICATIONS.mask()));
    }

    @Test
    void A19_theChannelForRequestsOfOursIsASocketAndOneOnly(Trial trial) {
        Talk talk = Talk.negotiated(trial);
        try (EventFd event = EventFd.create(true, 0)) {
            talk.isRefused(SET_BACKEND_REQ_FD, Payloads.nothing(), event.fd());
        }
        for (int i = 0; i < 50; i++) {
            BackendChannel channel = talk.frontEnd().openBackendChannel();
            channel.close();
        }
        try (UnixSocket.Pair pair = UnixSocket.pair()) {
            talk.isAccepted(
                    SET_BACKEND_REQ_FD, Payloads.nothing(), pair.second().fd());
            try (VhostUserFrontEnd liar = VhostUserFrontEnd.over(pair.first())) {
                liar.sendBytes(new byte[4000]);
                talk.stillAnswers();
            }
        }
    }

    @Test
    void A20_aSecondFrontEndIsTurnedAwayAndTheFirstGoesOn(Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        for (int i = 0; i < 20; i++) {
            assertTrue(trial.connect().awaitClosed(Trial.LIMIT.toNanos()));
        }
        villain.sendGood(0);
        trial.expect("front-end.turned-away", 20);
    }

    enum State {
        CONNECTED,
        NEGOTIATED,
        RUNNING,
        BROKEN;

        Talk reach(Trial trial) {
            return switch (this) {
                case CONNECTED -> Talk.fresh(trial);
                case NEGOTIATED -> Talk.negotiated(trial);
                case RUNNING -> new Talk(trial, trial.villain(VillainOptions.SPLIT).frontEnd);
                case BROKEN -> {
                    Villain villain = trial.villain(VillainOptions.SPLIT);
                    villain.transmit().offer(0xffff);
                    villain.transmit().awaitBroken();
                    trial.expect("rings.broken", 1);
                    yield new Talk(trial, villain.frontEnd);
                }
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void A22_resetsAreHarmlessInEveryState(State state, Trial trial) {
        Talk talk = state.reach(trial);
        talk.say(Messages.of(RESET_OWNER, Messages.PLAIN, Payloads.nothing()));
        talk.stillAnswers();
        if (state == State.CONNECTED) {
            // Neither of them exists before it was negotiated.
            talk.endsSession(Messages.of(RESET_DEVICE, Messages.PLAIN, Payloads.nothing()));
            return;
        }
        for (long status : new long[] {0, 128, 0xff, 0}) {
            talk.isAccepted(SET_STATUS, Payloads.u64(status));
        }
        talk.isRefused(SET_STATUS, Payloads.u64(256));
        talk.isAccepted(RESET_DEVICE, Payloads.nothing());
        talk.isAccepted(RESET_DEVICE, Payloads.nothing());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 67, 1501, 65535, 65536, -1})
    void A23_anMtuThatIsNoneIsRefused(long mtu, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        talk.isAccepted(NET_SET_MTU, Payloads.u64(68));
        talk.isAccepted(NET_SET_MTU, Payloads.u64(1500));
        talk.isRefused(NET_SET_MTU, Payloads.u64(mtu));
    }

    @Test
    void A23_anAnnouncementIsForTheAddressOfAHost(Trial trial) {
        Talk.fresh(trial).endsSession(Messages.of(SEND_RARP, Messages.PLAIN, Payloads.u64(2)));
        Talk talk = Talk.negotiated(trial);
        talk.isRefused(SEND_RARP, Payloads.u64(0));
        talk.isRefused(SEND_RARP, Payloads.u64(-1));
        talk.isAccepted(SEND_RARP, Payloads.u64(0x0100_0000_0002L));
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "POSTCOPY_ADVISE",
                "POSTCOPY_LISTEN",
                "POSTCOPY_END",
                "CREATE_CRYPTO_SESSION",
                "CLOSE_CRYPTO_SESSION",
                "GPU_SET_SOCKET",
                "SET_VRING_ENDIAN",
                "VRING_KICK"
            })
    void A24_whatIsNotServedIsRefused(VhostUserRequest request, Trial trial) {
        Talk.negotiated(trial).endsSession(Messages.of(request, Messages.PLAIN, Messages.emptyPayload(request)));
    }

    @ParameterizedTest
    @ValueSource(ints = {23, 31, 32, 63})
    void A24_protocolFeaturesThatNobodyKnowsAreRefused(int bit, Trial trial) {
        Talk.negotiated(trial).isRefused(SET_PROTOCOL_FEATURES, Payloads.u64(1L << bit));
    }
}
