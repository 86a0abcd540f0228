/**
 * Devices handed to user space by VFIO: containers, groups, IOMMU maps, PCI and the NIC drivers.
 */
@NullMarked
package io.annulet.vfio;

import org.jspecify.annotations.NullMarked;
