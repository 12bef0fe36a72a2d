/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_impl.h - what the files of the matcher share. Private to service/. */
#ifndef LIMPID_SERVICE_MATCHER_IMPL_H
#define LIMPID_SERVICE_MATCHER_IMPL_H

#include "io/file.h"
#include "service/matcher.h"

#include <pthread.h>

struct matcher {
	struct matcher_options options;
	char *data_dir, *segments; /* owned: folders */
	struct report_cache *cache;

	pthread_mutex_t lock; /* of what follows; held for moments */
	struct held_set *set; /* in force, owned; never NULL once matcher_new() is over */
	uint64_t swaps;

	pthread_mutex_t reloading;
	pthread_t follower;
	bool following, owns_watch;
	int stop_fd; /* can be read when the matcher is to end */
};

enum status matcher_take(struct matcher *m, struct store **out, struct err *err) NODISCARD;
/* A reference to the set in force. */
struct held_set *matcher_set(struct matcher *m) NODISCARD;
int64_t matcher_now(const struct matcher *m);
/* Where a segment's file lies on this node. */
enum status matcher_segment_path(const struct matcher *m, const struct digest *digest, char *out, size_t size,
				 struct err *err) NODISCARD;
void matcher_log_error(const struct matcher *m, const char *message, const struct err *why);
void matcher_log_number(const struct matcher *m, enum service_level level, const char *message, const char *name,
			uint64_t n);

#endif
