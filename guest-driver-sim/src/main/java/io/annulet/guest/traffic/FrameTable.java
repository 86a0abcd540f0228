package io.annulet.guest.traffic;

/** How the frames of some flows are made; immutable. */
sealed interface FrameTable permits FlowTable, TransportTable {

    /** How many flows there are. */
    int count();

    /** Writes as much of a frame of the flow with this index in the table as its proof needs. */
    void write(long address, int byteLength, int index, long sequence, long stampNanos);

    /** Writes what the virtio-net header of a frame has to say; it is zeroed. */
    void describe(long headerAddress, int byteLength);

    /** For a guest's flows to another, as the load has them. */
    static FrameTable of(Load load, int firstFlow, int fromStation, int toStation) {
        return TransportFrames.areMadeFor(load)
                ? new TransportTable(new TransportFrames(load), load, firstFlow, fromStation, toStation)
                : new FlowTable(
                        load.form(), load.proof(), firstFlow, load.flows(), load.macs(), fromStation, toStation);
    }
}
