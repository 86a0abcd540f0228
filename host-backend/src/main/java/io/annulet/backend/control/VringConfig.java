package io.annulet.backend.control;

import io.annulet.backend.handover.PassedDevice;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.handover.TakenFds;
import io.annulet.linux.EventFd;
import org.jspecify.annotations.Nullable;

/** What a front-end has told about one ring so far; owned by the control thread. */
final class VringConfig {

    private final int index;
    private RingState state = RingState.STOPPED;
    private boolean enableWish;
    private boolean broken;

    /** Descriptors; 0 until SET_VRING_NUM. */
    int size;
    /** Where to go on, in the terms of the ring's layout, while the ring is stopped. */
    int base;

    @Nullable
    VringAddresses addresses;

    @Nullable
    EventFd kick;

    @Nullable
    EventFd call;

    @Nullable
    EventFd error;

    VringConfig(int index) {
        this.index = index;
    }

    /** As it is passed on. */
    PassedDevice.Ring passed(SentFds fds) {
        VringAddresses at = addresses;
        return new PassedDevice.Ring(
                index,
                size,
                base,
                isStarted(),
                enableWish,
                broken,
                at == null ? null : at.passed(),
                add(fds, kick),
                add(fds, call),
                add(fds, error));
    }

    private static int add(SentFds fds, @Nullable EventFd signal) {
        return fds.add(signal == null ? null : signal.fd());
    }

    /** Becomes what was passed on of a ring that nobody works. */
    void goOnAs(PassedDevice.Ring passed, TakenFds fds) {
        size = passed.size();
        base = passed.base();
        addresses = passed.places() == null ? null : VringAddresses.of(passed.places());
        kick = NotifyFds.passedOn(fds.take(passed.kick()));
        call = NotifyFds.passedOn(fds.take(passed.call()));
        error = NotifyFds.passedOn(fds.take(passed.error()));
        enable(passed.enabled());
        if (passed.started()) {
            start();
        }
        broken = passed.broken();
    }

    int index() {
        return index;
    }

    RingState state() {
        return state;
    }

    boolean isStarted() {
        return state.isStarted();
    }

    /** Whether the ring is enabled, or will be once it starts. */
    boolean isEnableWished() {
        return enableWish;
    }

    void enable(boolean enabled) {
        enableWish = enabled;
        state = state.after(enabled ? RingState.Move.ENABLE : RingState.Move.DISABLE);
    }

    void start() {
        broken = false;
        state = state.after(enableWish ? RingState.Move.START_ENABLED : RingState.Move.START);
    }

    void stop() {
        state = state.after(RingState.Move.STOP);
    }

    /** Whether the driver broke the ring since it was started. */
    boolean isBroken() {
        return broken;
    }

    void markBroken() {
        broken = true;
    }
}
