/* SPDX-License-Identifier: Apache-2.0 */
/* amqp_link.h - private to notify/: one connection to an AMQP 0-9-1 broker, with a channel that confirms (librabbitmq).
 */
#ifndef LIMPID_NOTIFY_AMQP_LINK_H
#define LIMPID_NOTIFY_AMQP_LINK_H

#include "notify/deliverer_impl.h"
#include "notify/tls.h"

#if __has_include(<rabbitmq-c/amqp.h>) /* where it lies since 0.12 */
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#define AMQP_WINDOW 64 /* messages that may wait for their confirmation */

struct amqp_link {
	const struct deliverer *d;
	amqp_connection_state_t state; /* NULL: not connected */
	bool broken;		       /* nothing more can be said on it */
	char peer[300];		       /* "amqp://host:5672/vhost", without secrets */
	struct tls_told told;
	uint64_t published, settled; /* delivery tags: given, and up to which all are settled */
	uint64_t later;		     /* bit n: tag settled + 1 + n is settled, too */
	bool nacked;
	char returned[120]; /* why a message came back; "" if none did */
	char blocked[120];  /* why the broker takes nothing at the moment */
};

/* Connects, logs in, opens the channel and makes sure of the exchange (unless its name is empty). */
enum status amqp_link_open(struct amqp_link *l, const struct deliverer *d, const struct config_amqp *set,
			   struct slice uri, struct err *err) NODISCARD;
void amqp_link_close(struct amqp_link *l);
/* Takes what came meanwhile; false if the connection is no more. */
bool amqp_link_is_alive(struct amqp_link *l);
/* Forget what messages before this one came to. */
void amqp_link_begin(struct amqp_link *l);
/* Send one, after waiting for a place in the window. The message is settled at amqp_link_settle() only. */
enum status amqp_link_publish(struct amqp_link *l, const struct config_amqp *set, const char *message_id,
			      struct slice body, struct err *err) NODISCARD;
/* Wait until the broker has answered for every message: STATUS_REMOTE if it refused or returned one. */
enum status amqp_link_settle(struct amqp_link *l, struct err *err) NODISCARD;

#endif
