/* SPDX-License-Identifier: Apache-2.0 */
/* zygote_impl.h - private to index/: what the two ends of the zygote's socket have agreed on. */
#ifndef LIMPID_INDEX_ZYGOTE_IMPL_H
#define LIMPID_INDEX_ZYGOTE_IMPL_H

#include "index/zygote.h"

/* Descriptors of one order, in this sequence. */
enum zygote_fd {
	ZYGOTE_FD_BYTES,   /* the layer's bytes come out */
	ZYGOTE_FD_AGAIN,   /* the same for a second pass */
	ZYGOTE_FD_ANSWER,  /* frames go in */
	ZYGOTE_FD_ORDER,   /* a file: struct zygote_order and aliases */
	ZYGOTE_FD_CONTROL, /* a socket: closed by the parent to end the child; int of waitpid() comes out */
	ZYGOTE_FDS
};

/* In the order's file; both ends are one program on one machine. */
struct zygote_order {
	struct digest digest, diff_id;
	bool threads, lists;
	uint64_t n_aliases; /* each: struct zygote_alias, real, wanted */
};

struct zygote_alias {
	uint32_t real_len, wanted_len;
	bool dir, hard;
};

#define ZYGOTE_ORDER_BYTES ((size_t)64 << 20)

/* The zygote's life behind the fork: until the parent closes its end of the socket. temp_fd: -1 or a file of spools. */
int zygote_serve(int fd, const struct limits *limits, int temp_fd);
/* First bytes on the socket to a replacement. */
struct zygote_hello {
	struct limits limits;
};

#endif
