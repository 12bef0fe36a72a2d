/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - fuzz target: what registries, token servers, helpers and files of credentials say. First byte: which. */
#include "base/base64.h"
#include "image/challenge.h"
#include "image/daemon_impl.h"

#include <stdlib.h>

static void check_inside(struct slice part, struct slice whole)
{
	if (part.len > 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)16 << 20);
	struct reference ref = { .host = SLICE("quay.io"), .path = SLICE("team/x"), .tag = SLICE("latest") };
	struct slice text, user = SLICE_EMPTY, password = SLICE_EMPTY;
	struct credentials c = { .trouble = "" };
	struct err err = ERR_INIT;
	struct challenge challenge;
	struct auth_entry entry;
	struct image image = { .impl = NULL };

	if (size == 0 || size > (1 << 16))
		return 0;
	text = slice_make(data + 1, size - 1);
	switch (data[0] % 8) {
	case 0:
		if (challenge_parse(text, &arena, &challenge, &err) == STATUS_OK &&
		    challenge.realm.len + challenge.service.len + challenge.scope.len > text.len)
			abort();
		break;
	case 1:
		(void)!auth_file_parse(text, &ref, &arena, &entry, &err);
		break;
	case 2:
		(void)!helper_answer_parse(text, &arena, &c, &err);
		break;
	case 3:
		if (netrc_parse(text, ref.host, &user, &password)) {
			check_inside(user, text);
			check_inside(password, text);
		}
		break;
	case 4:
		if (token_answer_parse(text, &arena, &user, &err) == STATUS_OK && user.len == 0)
			abort();
		break;
	case 5:
		(void)!daemon_inspect_parse(text, &arena, &user, &err);
		break;
	case 6:
		if (daemon_record_parse(text, &limits_default, &arena, &image, &err) == STATUS_OK &&
		    image.n_layers > limits_default.layers)
			abort();
		break;
	default:
		if (base64_decode(text, 0, &arena, &user) && user.len > text.len)
			abort();
	}
	arena_fini(&arena);
	return 0;
}
