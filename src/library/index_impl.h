/* SPDX-License-Identifier: Apache-2.0 */
/* index_impl.h - what the files of liblimpid-index share. Private to library/. */
#ifndef LIMPID_LIBRARY_INDEX_IMPL_H
#define LIMPID_LIBRARY_INDEX_IMPL_H

#include "limpid/index.h"

#include "model/index_report.h"

/*
 * Let the program limpid index the target, and read its answer into the arena. STATUS_NOTFOUND: there is no such
 * program, or it says that there is no such target; STATUS_CRASHED: no answer that could be read.
 */
enum status library_index_program(const char *target, const struct limpid_index_options *options, struct arena *arena,
				  struct index_report *out, struct err *err) NODISCARD;

#endif
