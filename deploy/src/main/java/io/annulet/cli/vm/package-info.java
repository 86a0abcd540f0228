/**
 * Real Linux guests under QEMU, for the demo and the tests: {@link io.annulet.cli.vm.GuestImage} is what they boot,
 * {@link io.annulet.cli.vm.QemuGuest} is one of them, {@link io.annulet.cli.vm.Tools} installs what both need.
 *
 * <pre>
 *   QemuGuest --starts--> qemu-system-x86_64 --boots--> guest-init
 *      |                        |                          |
 *      |-- agent: a Chardev ----+-- second serial port ----+   command lines and their answers
 *      |-- Qmp:   a Chardev ----+                              QEMU's own commands
 *      '-- console log &lt;--------+-- first serial port -----    kernel messages
 * </pre>
 *
 * What goes wrong with the machine or the guest is a {@link io.annulet.cli.CommandFailure}, which names its remedy.
 */
@NullMarked
package io.annulet.cli.vm;

import org.jspecify.annotations.NullMarked;
