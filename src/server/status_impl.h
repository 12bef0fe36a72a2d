/* SPDX-License-Identifier: Apache-2.0 */
/* status_impl.h - what the handlers of limpid's own status API share. Private to server/. */
#ifndef LIMPID_SERVER_STATUS_IMPL_H
#define LIMPID_SERVER_STATUS_IMPL_H

#include "server/handler.h"
#include "text/json_writer.h"

#define STATUS_PAGE_MAX 1000u

/* A number of the query; false (and an answer) if it is none, or not in 1..max. Without one *io stays. */
bool status_query_number(const struct request *req, struct response *resp, const char *name, uint64_t max,
			 uint64_t *io);
/* "next", as a text, since numbers of JSON are too small for it; 0: null. */
void status_put_next(struct json_writer *w, uint64_t next);
/* The answer is JSON, and nobody keeps it. */
enum status status_end(struct json_writer *w, struct response *resp, struct err *err) NODISCARD;

#endif
