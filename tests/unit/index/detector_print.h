/* SPDX-License-Identifier: Apache-2.0 */
/* detector_print.h - what a detector makes of a tree of files, as lines of JSON: for golden cases and for a look at
 * files. */
#ifndef LIMPID_TESTS_UNIT_INDEX_DETECTOR_PRINT_H
#define LIMPID_TESTS_UNIT_INDEX_DETECTOR_PRINT_H

#include "index/detector.h"

/*
 * Scan the directory with the rules of this detector alone, as a layer is scanned. Lines: {"package": ...},
 * {"distribution": ...} (with the scope it has), {"repository": ...}, {"owned": ...} (whether or not another detector
 * could want the path), {"diag": ...}, {"file": ...} with "read" as the end of its parse says; each group in the order
 * of the paths. Empty members are left out. Of more than lines_max lines of one kind the
 * middle is only counted; 0 = all are printed.
 */
enum status detector_print(const struct detector *d, const char *directory, const struct limits *limits,
			   size_t lines_max, struct buf *out, struct err *err) NODISCARD;

#endif
