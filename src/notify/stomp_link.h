/* SPDX-License-Identifier: Apache-2.0 */
/* stomp_link.h - private to notify/: one connection to a STOMP broker, whose receipts are waited for. */
#ifndef LIMPID_NOTIFY_STOMP_LINK_H
#define LIMPID_NOTIFY_STOMP_LINK_H

#include "notify/stomp_frame.h"
#include "notify/stream.h"

struct stomp_link {
	const struct deliverer *d;
	struct stream stream;
	bool open, broken;
	enum stomp_version version;
	char peer[300]; /* "stomp://host:61613" */
	struct buf in, out;
	struct arena arena;
	uint64_t asked, answered; /* receipts */
	uint64_t beat_ns;	  /* we said that we send something so often; 0: not */
	uint64_t sent_ns;	  /* when we did last */
	uint64_t their_beat_ns, heard_ns;
};

void stomp_link_init(struct stomp_link *l, const struct deliverer *d);
void stomp_link_fini(struct stomp_link *l);
/* host:port of the settings; the virtual host is vhost, unless that is empty: then host. */
enum status stomp_link_open(struct stomp_link *l, const struct config_stomp *set, struct slice vhost, struct slice uri,
			    struct err *err) NODISCARD;
void stomp_link_close(struct stomp_link *l);
/* Takes what came meanwhile; false if the connection is no more. */
bool stomp_link_is_alive(struct stomp_link *l);

/* A frame: begin, stomp_add(), send with a receipt. */
void stomp_link_begin(struct stomp_link *l, struct stomp_writer *w, const char *command);
enum status stomp_link_send(struct stomp_link *l, struct stomp_writer *w, bool receipt, struct slice body,
			    struct err *err) NODISCARD;
/* Takes what is there, without waiting. */
enum status stomp_link_listen(struct stomp_link *l, struct err *err) NODISCARD;
/* Until no more than `open` receipts are due. */
enum status stomp_link_wait(struct stomp_link *l, uint64_t open, struct err *err) NODISCARD;

#endif
