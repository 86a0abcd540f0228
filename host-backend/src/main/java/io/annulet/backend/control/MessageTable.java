package io.annulet.backend.control;

import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The protocol as this back-end speaks it: each message it serves, and who serves it; owned by the control thread. */
final class MessageTable {

    /** Serves one kind of message, whose size and descriptors have been checked. */
    @FunctionalInterface
    interface Handler {
        Answer handle(Message message);
    }

    private final Map<VhostUserRequest, Handler> handlers = new EnumMap<>(VhostUserRequest.class);

    private final Device device;
    private final PostcopyMessages postcopy;

    /** @param end ends the session for a reason */
    MessageTable(Device device, ControlLoop loop, PortLog log, Consumer<String> end) {
        this.device = device;
        Rings rings = new Rings(device);
        FeatureMessages features = new FeatureMessages(device, rings);
        MemoryMessages memory = new MemoryMessages(device, rings);
        VringMessages vrings = new VringMessages(device, rings);
        DeviceMessages all = new DeviceMessages(device, rings);

        on(VhostUserRequest.GET_FEATURES, message -> features.getFeatures());
        on(VhostUserRequest.SET_FEATURES, features::setFeatures);
        on(VhostUserRequest.GET_PROTOCOL_FEATURES, message -> features.getProtocolFeatures());
        on(VhostUserRequest.SET_PROTOCOL_FEATURES, features::setProtocolFeatures);
        on(VhostUserRequest.GET_QUEUE_NUM, message -> features.getQueueNum());

        on(VhostUserRequest.SET_MEM_TABLE, memory::setMemTable);
        on(VhostUserRequest.GET_MAX_MEM_SLOTS, message -> memory.getMaxMemSlots());
        on(VhostUserRequest.ADD_MEM_REG, memory::addMemReg);
        on(VhostUserRequest.REM_MEM_REG, memory::remMemReg);

        on(VhostUserRequest.SET_VRING_NUM, vrings::setVringNum);
        on(VhostUserRequest.SET_VRING_BASE, vrings::setVringBase);
        on(VhostUserRequest.SET_VRING_ADDR, vrings::setVringAddr);
        on(VhostUserRequest.SET_VRING_KICK, vrings::setVringKick);
        on(VhostUserRequest.SET_VRING_CALL, vrings::setVringCall);
        on(VhostUserRequest.SET_VRING_ERR, vrings::setVringErr);
        on(VhostUserRequest.SET_VRING_ENABLE, vrings::setVringEnable);
        on(VhostUserRequest.GET_VRING_BASE, vrings::getVringBase);

        IotlbMessages iotlb = new IotlbMessages(device, rings);
        on(VhostUserRequest.IOTLB_MSG, iotlb::iotlbMsg);

        LogMessages pages = new LogMessages(device, rings);
        on(VhostUserRequest.SET_LOG_BASE, pages::setLogBase);
        on(VhostUserRequest.SET_LOG_FD, pages::setLogFd);
        StateMessages state = new StateMessages(device, loop, log);
        on(VhostUserRequest.SET_DEVICE_STATE_FD, state::setDeviceStateFd);
        on(VhostUserRequest.CHECK_DEVICE_STATE, message -> state.checkDeviceState());

        InflightMessages inflight = new InflightMessages(device);
        on(VhostUserRequest.GET_INFLIGHT_FD, inflight::getInflightFd);
        on(VhostUserRequest.SET_INFLIGHT_FD, inflight::setInflightFd);
        postcopy = new PostcopyMessages(device, rings, loop, log, end);
        on(VhostUserRequest.POSTCOPY_ADVISE, message -> postcopy.advise());
        on(VhostUserRequest.POSTCOPY_LISTEN, message -> postcopy.listen());
        on(VhostUserRequest.POSTCOPY_END, message -> postcopy.end());

        on(VhostUserRequest.SET_OWNER, message -> all.setOwner());
        on(VhostUserRequest.RESET_OWNER, message -> all.resetOwner());
        on(VhostUserRequest.RESET_DEVICE, message -> all.resetDevice());
        on(VhostUserRequest.SET_STATUS, all::setStatus);
        on(VhostUserRequest.GET_STATUS, message -> all.getStatus());
        on(VhostUserRequest.NET_SET_MTU, all::netSetMtu);
        on(VhostUserRequest.GET_CONFIG, all::getConfig);
        on(VhostUserRequest.SET_CONFIG, all::setConfig);
        on(VhostUserRequest.SEND_RARP, all::sendRarp);
        on(VhostUserRequest.SET_BACKEND_REQ_FD, all::setBackendReqFd);
    }

    private void on(VhostUserRequest request, Handler handler) {
        handlers.put(request, handler);
    }

    /**
     * Who serves a message for which all holds that does for any: flags, size and descriptors are right, and the feature
     * that it belongs to is agreed on.
     *
     * @param mostDescriptors that the device may hold
     */
    Handler checkedHandler(Message message, int mostDescriptors) {
        VhostUserRequest request = message.request();
        if (request == null) {
            throw new MessageFault("no such message");
        }
        if ((message.flags() & ~(MessageLayout.VERSION_MASK | MessageLayout.FLAG_NEED_REPLY)) != 0) {
            throw new MessageFault(String.format("flags 0x%x", message.flags()));
        }
        if (device.postcopy.awaitsAcknowledgement()) {
            if (PostcopyMessages.isAcknowledgement(device, message)) {
                return postcopy::acknowledged;
            }
            postcopy.goOnWithout(request);
        }
        if (!request.payload().accepts(message.payloadByteLength())) {
            throw new MessageFault(message.payloadByteLength() + " bytes");
        }
        if (message.hasBadFds() || !request.acceptsFds(message.fdCount())) {
            throw new MessageFault(message.fdCount() + " descriptors, or some at the wrong place");
        }
        if (!request.allowedBy(device.negotiation.protocolFeatures())) {
            throw new MessageFault("needs " + request.gate() + ", which was not acknowledged");
        }
        if (message.fdCount() > 0 && device.descriptorCount() + message.fdCount() > mostDescriptors) {
            throw new MessageFault("more than " + mostDescriptors + " descriptors");
        }
        Handler handler = handler(request);
        if (handler == null) {
            throw new MessageFault("not served");
        }
        return handler;
    }

    /** Null if this back-end does not serve the message. */
    @Nullable
    Handler handler(VhostUserRequest request) {
        return handlers.get(request);
    }
}
