/* SPDX-License-Identifier: Apache-2.0 */
/* registry_tls.c - certificates for one registry, in folders as /etc/docker/certs.d/HOST[:PORT]/. */
#include "image/remote_impl.h"

#include "io/file.h"

#include <dirent.h>
#include <stdlib.h>

#define PEM_BYTES ((size_t)4 << 20)

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef VEC(const char *) name_list;

/* In the order of their names, as docker reads them. */
static enum status list_names(const char *dir, struct arena *arena, name_list *out, struct err *err)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	if (!d)
		return STATUS_OK; /* this registry has none */
	while ((e = readdir(d))) {
		const char **name = VEC_PUSH(out, arena);

		if (name)
			*name = arena_cstr(arena, slice_cstr(e->d_name));
		if (!name || !*name) {
			closedir(d);
			return err_nomem(err, "certificates");
		}
	}
	closedir(d);
	if (out->len > 0)
		qsort(out->at, out->len, sizeof(*out->at), by_name);
	return STATUS_OK;
}

static enum status take_file(const char *dir, const char *name, struct arena *arena, struct buf *ca,
			     struct registry_tls *out, struct err *err)
{
	struct slice path, file = slice_cstr(name), key;

	if (!arena_printf(arena, &path, "%s/%s", dir, name))
		return err_nomem(err, "certificates");
	if (slice_ends(file, SLICE(".crt"))) {
		if (file_read((const char *)path.ptr, ca, err) != STATUS_OK)
			return err_wrap(err, "%s", (const char *)path.ptr);
		buf_add_byte(ca, '\n');
	} else if (slice_ends(file, SLICE(".cert")) && !out->cert_file) {
		if (!arena_printf(arena, &key, "%s/%.*s.key", dir, (int)file.len - 5, name))
			return err_nomem(err, "certificates");
		out->cert_file = (const char *)path.ptr;
		out->key_file = (const char *)key.ptr;
	}
	return STATUS_OK;
}

enum status registry_tls_find(const char *const *dirs, struct slice host, struct arena *arena, struct registry_tls *out,
			      struct err *err)
{
	struct buf AUTO(buf_fini) ca = BUF_INIT(PEM_BYTES);

	*out = (struct registry_tls){ 0 };
	for (size_t i = 0; dirs && dirs[i]; i++) {
		name_list names = { 0 };
		struct slice dir;

		if (!arena_printf(arena, &dir, "%s/%.*s", dirs[i], SLICE_ARG(host)))
			return err_nomem(err, "certificates");
		TRY(list_names((const char *)dir.ptr, arena, &names, err));
		for (size_t k = 0; k < names.len; k++)
			TRY(take_file((const char *)dir.ptr, names.at[k], arena, &ca, out, err));
	}
	TRY(buf_check(&ca, "certificates", err));
	return arena_copy(arena, buf_slice(&ca), &out->ca_pem) ? STATUS_OK : err_nomem(err, "certificates");
}
