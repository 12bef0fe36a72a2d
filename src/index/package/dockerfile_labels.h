/* SPDX-License-Identifier: Apache-2.0 */
/* dockerfile_labels.h - the labels that a Dockerfile gives its image. */
#ifndef LIMPID_INDEX_PACKAGE_DOCKERFILE_LABELS_H
#define LIMPID_INDEX_PACKAGE_DOCKERFILE_LABELS_H

#include "base/arena.h"
#include "base/err.h"

/*
 * Values of the labels called names[i], put into values[i] (in the arena; "" where there is none): LABEL in all its
 * forms, variables of ARG and ENV replaced, the last one of a name counting. What is no such instruction is passed
 * over. Only memory fails.
 */
enum status dockerfile_labels(struct slice text, const char *const *names, size_t n, struct arena *arena,
			      struct slice *values, struct err *err) NODISCARD;

#endif
