package io.annulet.vhostuser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Holds the message tables against the protocol text. */
final class MessageTableTest {

    @Test
    void frontEndRequestsHaveTheIds1To44WithoutAGap() {
        for (int id = 1; id <= 44; id++) {
            VhostUserRequest request = VhostUserRequest.of(id);
            assertNotNull(request);
            assertEquals(id, request.id());
        }
        assertEquals(44, VhostUserRequest.values().length);
    }

    @Test
    void idsOutsideTheTableAreNoRequest() {
        for (int id : new int[] {0, 45, 200, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
            assertNull(VhostUserRequest.of(id));
            assertNull(BackendRequest.of(id));
        }
    }

    @Test
    void backEndRequestsAreFoundByTheirId() {
        for (BackendRequest request : BackendRequest.values()) {
            assertSame(request, BackendRequest.of(request.id()));
        }
    }

    @Test
    void protocolFeaturesAreNumberedWithoutAGap() {
        assertEquals((1L << 23) - 1, ProtocolFeature.maskOf(ProtocolFeature.values()));
        assertEquals(22, ProtocolFeature.SHMEM.bit());
        assertEquals(0b1001, ProtocolFeature.maskOf(ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK));
    }

    @Test
    void aMemoryTableIsAsLongAsItsRegions() {
        Payload rule = VhostUserRequest.SET_MEM_TABLE.payload();
        assertTrue(rule.accepts(8 + 32));
        assertTrue(rule.accepts(8 + 8 * 32));
        for (long size : new long[] {0, 8, 39, 41, 8 + 9 * 32, 0xffffffffL}) {
            assertFalse(rule.accepts(size), size + " bytes");
        }
    }

    @Test
    void everyRequestRefusesASizeBeyondTheLargestPayload() {
        for (VhostUserRequest request : VhostUserRequest.values()) {
            assertFalse(request.payload().accepts(Payload.MAX_BYTES + 1L), request.name());
            assertFalse(request.payload().accepts(0xffffffffL), request.name());
        }
    }

    @Test
    void gatedRequestsNeedTheirFeature() {
        assertFalse(VhostUserRequest.GET_QUEUE_NUM.allowedBy(0));
        assertTrue(VhostUserRequest.GET_QUEUE_NUM.allowedBy(ProtocolFeature.MQ.mask()));
        assertTrue(VhostUserRequest.SET_VRING_NUM.allowedBy(0));
    }
}
