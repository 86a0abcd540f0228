/**
 * Charts and pages. A chart is laid out once and drawn twice: as SVG, which goes into the page, and as PNG. A page is one
 * HTML file that needs nothing else, and is XML as well.
 *
 * <p>Charts are drawn here and not by a library: those at hand write text as outlines, which makes one chart larger than a
 * whole page may be.
 */
@NullMarked
package io.annulet.cli.study.report;

import org.jspecify.annotations.NullMarked;
