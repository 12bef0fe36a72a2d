/* SPDX-License-Identifier: Apache-2.0 */
/* notifier_setup.h - the notifier as the settings say, put into the context of the handlers. */
#ifndef LIMPID_SERVER_NOTIFIER_SETUP_H
#define LIMPID_SERVER_NOTIFIER_SETUP_H

#include "base/err.h"
#include "server/context.h"

struct notifier_setup;

/* Do the settings ask for one? In notifier mode, and in combo mode where a way to deliver is named. */
bool notifier_setup_wanted(const struct config *config);
/*
 * Open its store and its way to deliver; nothing runs yet. Indexer and matcher are those of ctx, or are asked by HTTP
 * where the process has none. ctx->notifier and notifier_store are set.
 */
enum status notifier_setup_open(struct server_context *ctx, struct notifier_setup **out, struct err *err) NODISCARD;
enum status notifier_setup_start(struct notifier_setup *s, struct err *err) NODISCARD;
/* Nothing new is begun; before the matcher and the indexer end. */
void notifier_setup_stop(struct notifier_setup *s);
/* No handler runs any more. NULL is fine. */
void notifier_setup_end(struct notifier_setup *s);

#endif
