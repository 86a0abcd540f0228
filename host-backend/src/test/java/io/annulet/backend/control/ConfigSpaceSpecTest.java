package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.annulet.guest.ExtensionMessages;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.NetConfigLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** GET_CONFIG and SET_CONFIG, and what a port offers to front-ends that leave both to it. */
final class ConfigSpaceSpecTest extends ControlTest {

    private static final String MAC = "52:54:00:00:00:07";
    private static final int SPEED = 10_000;
    private static final int MTU = 9000;

    @Override
    VhostUserOptions options(String name) {
        return super.options(name).withMtu(MTU).withGenericProfile(DeviceConfig.of(MAC, SPEED));
    }

    private static byte[] mac(String text) {
        return HexFormat.ofDelimiter(":").parseHex(text);
    }

    @Test
    void tellsAddressLinkQueuesMtuSpeedAndHashes() {
        try (TestSession session = negotiated()) {
            byte[] space = new ExtensionMessages(session.frontEnd).getConfig(0, NetConfigLayout.BYTES);
            String expected = "525400000007" + "0100" + "0200" + "2823" + "10270000" + "01" + "28" + "8000" + "3f000000"
                    + "00000000";
            assertEquals(expected, HexFormat.of().formatHex(space));
        }
    }

    @ParameterizedTest
    @CsvSource({"0,6", "6,2", "8,2", "27,1", "28,0", "28,8", "0,256", "5,100"})
    void tellsAnyPartOfIt(int offset, int byteLength) {
        try (TestSession session = negotiated()) {
            ExtensionMessages messages = new ExtensionMessages(session.frontEnd);
            byte[] whole = messages.getConfig(0, 256);
            byte[] part = messages.getConfig(offset, byteLength);
            assertArrayEquals(Arrays.copyOfRange(whole, offset, offset + byteLength), part);
        }
    }

    @ParameterizedTest
    @CsvSource({"29,1", "1,256", "-1,8", "2147483647,2", "-4,4"})
    void a09AnswersWithoutPayloadWhereThereIsNoSpace(int offset, int byteLength) {
        try (TestSession session = negotiated()) {
            byte[] question = Payloads.config(offset, 0, new byte[byteLength]);
            assertHasNoPayload(session, question);
            session.frontEnd.getFeatures();
        }
    }

    @Test
    void a09AnswersWithoutPayloadIfTheSizeIsNotThatOfTheMessage() {
        try (TestSession session = negotiated()) {
            assertHasNoPayload(session, Arrays.copyOf(Payloads.config(0, 0, new byte[8]), 12 + 4));
            assertHasNoPayload(session, Arrays.copyOf(Payloads.config(0, 0, new byte[8]), 12 + 16));
        }
    }

    private static void assertHasNoPayload(TestSession session, byte[] question) {
        session.frontEnd.send(VhostUserRequest.GET_CONFIG.id(), MessageLayout.VERSION, question);
        try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
            assertNotNull(reply);
            assertEquals(0, reply.payload().remaining());
        }
    }

    @Test
    void theAddressCanBeWritten() {
        try (TestSession session = negotiated()) {
            ExtensionMessages messages = new ExtensionMessages(session.frontEnd);
            messages.setConfig(NetConfigLayout.MAC, 0, mac("02:00:00:00:00:99"));
            assertArrayEquals(mac("02:00:00:00:00:99"), messages.getConfig(NetConfigLayout.MAC, 6));
            messages.setConfig(NetConfigLayout.MAC, MessageLayout.CONFIG_FLAG_MIGRATION, mac("02:00:00:00:00:98"));
            assertArrayEquals(mac("02:00:00:00:00:98"), messages.getConfig(NetConfigLayout.MAC, 6));
        }
    }

    @ParameterizedTest
    @CsvSource({"0,0,3", "0,0,8", "6,0,2", "1,0,6", "0,2,6", "28,0,4", "-1,0,6"})
    void nothingElseCan(int offset, int flags, int byteLength) {
        try (TestSession session = negotiated()) {
            byte[] bytes = new byte[byteLength];
            Arrays.fill(bytes, (byte) 2);
            session.assertRefuses(VhostUserRequest.SET_CONFIG, Payloads.config(offset, flags, bytes));
        }
    }

    @ParameterizedTest
    @CsvSource({"00:00:00:00:00:00", "01:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"})
    void norAnAddressThatIsNoGuests(String address) {
        try (TestSession session = negotiated()) {
            session.assertRefuses(VhostUserRequest.SET_CONFIG, Payloads.config(0, 0, mac(address)));
        }
    }

    @Test
    void qemuIsOfferedNeitherSpaceNorControlQueue() {
        VhostUserOptions plain = super.options("b");
        assertEquals(0, Offer.protocolFeatures(plain) & ProtocolFeature.CONFIG.mask());
        assertEquals(0, Offer.features(plain) & (VirtioFeature.NET_CTRL_VQ | VirtioFeature.NET_MAC));
    }
}
