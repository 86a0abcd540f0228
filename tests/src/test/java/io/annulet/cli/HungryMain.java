package io.annulet.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The {@code annulet} command in a process whose heap can be filled: by a line {@value #EAT}, until nothing can be allocated
 * any more, and emptied by any other line. It says when it has done so.
 */
public final class HungryMain {

    public static final String EAT = "eat";
    public static final String FULL = "the heap is full";
    public static final String EMPTY = "the heap is empty";

    private static final int LARGEST_BYTES = 1 << 20;

    private HungryMain() {}

    public static void main(String[] args) {
        Thread.ofPlatform().daemon().name("hungry").start(HungryMain::answer);
        Main.main(args);
    }

    /** Allocates nothing while the heap is full. */
    @SuppressWarnings("SystemOut")
    private static void answer() {
        byte[] full = (FULL + "\n").getBytes(UTF_8);
        byte[] empty = (EMPTY + "\n").getBytes(UTF_8);
        List<byte[]> eaten = new ArrayList<>(1 << 20);
        try {
            for (int first = System.in.read(); first >= 0; first = System.in.read()) {
                boolean isToEat = first == EAT.charAt(0);
                while (first >= 0 && first != '\n') {
                    first = System.in.read();
                }
                if (isToEat) {
                    eat(eaten);
                } else {
                    eaten.clear();
                    System.gc();
                }
                byte[] said = isToEat ? full : empty;
                System.out.write(said, 0, said.length);
                System.out.flush();
            }
        } catch (IOException e) {
            System.out.println(e);
        }
    }

    private static void eat(List<byte[]> eaten) {
        for (int size = LARGEST_BYTES; size >= Long.BYTES; size /= 2) {
            try {
                while (true) {
                    eaten.add(new byte[size]);
                }
            } catch (OutOfMemoryError none) {
                // Smaller ones may still fit.
            }
        }
    }
}
