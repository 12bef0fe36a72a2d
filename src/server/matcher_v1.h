/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_v1.h - what the files of the matcher's API share. Private to server/. */
#ifndef LIMPID_SERVER_MATCHER_V1_H
#define LIMPID_SERVER_MATCHER_V1_H

#include "store/store.h"
#include "text/json_writer.h"

/* {"ref":...}, as Clair has an update operation; kind is never filled in, as there. */
void matcher_put_operation(struct json_writer *w, const struct store_operation *op);

#endif
