/* SPDX-License-Identifier: Apache-2.0 */
/* handler.h - the form of a handler, and the declarations of all of them, by routes.def. */
#ifndef LIMPID_SERVER_HANDLER_H
#define LIMPID_SERVER_HANDLER_H

#include "base/err.h"
#include "server/context.h"
#include "server/request.h"
#include "server/response.h"

/* Fills resp and returns STATUS_OK, or fails: see response.h. */
typedef enum status http_handler(struct server_context *ctx, const struct request *req, struct response *resp,
				 struct err *err);

#define PATH(id, listener, group, services, pattern, label, refusal)
#define ROUTE(operation, path, method, body, cap, pool, handler) http_handler handler;
#include "server/routes.def"
#undef PATH
#undef ROUTE

#endif
