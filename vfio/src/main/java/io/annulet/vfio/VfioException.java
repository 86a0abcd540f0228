package io.annulet.vfio;

import java.util.Objects;

/** A device cannot be had: one line that says why, and what to do about it. */
public final class VfioException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param problem for example "device 0000:02:00.0 has the driver e1000e"
     * @param remedy an instruction
     */
    public VfioException(String problem, String remedy) {
        super(problem + "; " + remedy);
    }

    /** The line; there always is one. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
