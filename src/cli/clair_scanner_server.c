/* SPDX-License-Identifier: Apache-2.0 */
/* clair_scanner_server.c - clair-scanner with a server: layers pushed or served, either API asked, the answer read. */
#include "cli/clair_scanner.h"

#include "cli/client_image.h"

#include <time.h>

/* A server that indexes after it answered; Clair does not. */
#define POLLS 300u

struct asking {
	struct scanner_run *run;
	struct service *service;
	struct client_image image;
	struct layer_server *server; /* NULL while layers are pushed */
};

static void said(void *ctx, const char *text)
{
	struct asking *a = ctx;

	scanner_say(&a->run->log, SCANNER_INFO, "%s", text);
}

static enum status serve(struct asking *a, enum service_api api, struct err *err)
{
	const struct client_flags *f = &a->run->flags;
	const char *ip = client_value(f, "ip");

	TRY(client_serve(&a->image, api, ip[0] ? ip : NULL, slice_cstr(client_value(f, "clair")), &a->server, err));
	scanner_say(&a->run->log, SCANNER_INFO, "Server listening on port %u", layer_server_port(a->server));
	return STATUS_OK;
}

/* Which of the many reasons it is that people meet. */
static void hint(struct asking *a)
{
	if (a->server && layer_server_asked(a->server) == 0)
		scanner_say(&a->run->log, SCANNER_WARN,
			    "No request for a layer arrived at %s, port %u: is that an address of this machine that "
			    "Clair can reach? Another one is given with --ip",
			    layer_server_host(a->server), layer_server_port(a->server));
}

/* ---- Clair 4 ---- */

static enum status wait_for_index(struct asking *a, struct err *err)
{
	struct service_indexed seen = { .finished = false };

	for (unsigned i = 0; i < POLLS && !seen.finished; i++) {
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		TRY(service_index_known(a->service, &a->image.manifest, "", &seen, err));
	}
	return seen.finished ? STATUS_OK : err_set(err, STATUS_TIMEOUT, "the image was not indexed within %u s", POLLS);
}

static enum status index_v4(struct asking *a, struct err *err)
{
	struct buf AUTO(buf_fini) manifest = BUF_INIT((size_t)16 << 20);
	struct service_indexed indexed;
	struct digest_text text;
	enum status st;

	TRY(client_manifest(&a->image, a->server ? layer_server_base(a->server) : SLICE_EMPTY, &manifest, err));
	scanner_say(&a->run->log, SCANNER_INFO, "Analyzing %s", digest_print(&text, &a->image.manifest));
	st = service_index(a->service, buf_slice(&manifest), &indexed, err);
	if (st != STATUS_OK)
		hint(a);
	else if (!indexed.finished)
		st = wait_for_index(a, err);
	return st;
}

static enum status ask_v4(struct asking *a, bool limpid, struct err *err)
{
	enum status st = limpid ? client_push(&a->image, a->service, said, a, err) : STATUS_UNSUPPORTED;
	struct slice bytes;

	if (st == STATUS_UNSUPPORTED)
		st = serve(a, SERVICE_V4, err);
	if (st == STATUS_OK)
		st = index_v4(a, err);
	if (st != STATUS_OK)
		return err_wrap(err, "Could not analyze the image");
	if (service_report(a->service, &a->image.manifest, &bytes, err) != STATUS_OK)
		return err_wrap(err, "Could not fetch vulnerabilities");
	buf_add(&a->run->document, bytes);
	TRY(buf_check(&a->run->document, "a report", err));
	return scanner_rows_v4(buf_slice(&a->run->document), &limits_default, &a->run->arena, &a->run->rows, err);
}

/* ---- Clair 2 ---- */

static enum status post_layers(struct asking *a, struct err *err)
{
	struct slice parent = SLICE_EMPTY;

	for (size_t i = 0; i < a->image.image->n_layers; i++) {
		struct slice name = a->image.layers[i].name, path, url;

		path = client_layer_path(&a->image, i, SERVICE_V1, &a->run->arena);
		if (path.len == 0 || !arena_printf(&a->run->arena, &url, "%.*s%.*s",
						   SLICE_ARG(layer_server_base(a->server)), SLICE_ARG(path)))
			return err_nomem(err, "layers");
		scanner_say(&a->run->log, SCANNER_INFO, "Analyzing %.*s", SLICE_ARG(name));
		if (service_post_layer(a->service, name, url, parent, err) != STATUS_OK) {
			hint(a);
			return err_wrap(err, "Could not analyze layer");
		}
		parent = name;
	}
	return STATUS_OK;
}

static enum status ask_v1(struct asking *a, struct err *err)
{
	struct slice bytes;

	a->run->old_api = true;
	TRY(serve(a, SERVICE_V1, err));
	TRY(post_layers(a, err));
	if (service_get_layer(a->service, a->image.layers[a->image.image->n_layers - 1].name, &bytes, err) != STATUS_OK)
		return err_wrap(err, "Could not fetch vulnerabilities");
	buf_add(&a->run->document, bytes);
	TRY(buf_check(&a->run->document, "a report", err));
	if (scanner_rows_v1(buf_slice(&a->run->document), &limits_default, &a->run->arena, &a->run->rows, err) !=
	    STATUS_OK)
		return err_wrap(err, "Could not fetch vulnerabilities");
	return STATUS_OK;
}

/* ---- either ---- */

static enum status which(struct asking *a, struct service_kind *out, struct err *err)
{
	struct slice api = slice_cstr(client_value(&a->run->flags, "api"));
	struct err_quote q;

	if (slice_eq(api, SLICE("v1"))) {
		*out = (struct service_kind){ .api = SERVICE_V1 };
		return STATUS_OK;
	}
	if (!slice_eq(api, SLICE("v4")) && !slice_eq(api, SLICE("auto")))
		return err_set(err, STATUS_INVALID, "--api %s: it is auto, v4 or v1", err_slice(&q, api));
	if (slice_eq(api, SLICE("auto")))
		return service_ask(a->service, out, err);
	*out = (struct service_kind){ .api = SERVICE_V4 };
	return STATUS_OK;
}

static enum status ask(struct asking *a, struct err *err)
{
	struct service_kind kind;
	struct slice target;
	struct err_quote q;

	TRY(scanner_target(a->run, &target, err));
	if (client_image_open(&a->run->options, target, NULL, &a->image, err) != STATUS_OK)
		return err_wrap(err, "Could not save Docker image [%s]", err_slice(&q, a->run->image));
	if (which(a, &kind, err) != STATUS_OK)
		return err->code == STATUS_AUTH ? err_wrap(err, "give a token in $CLAIR_TOKEN")
						: err_wrap(err, "Could not ask Clair");
	return kind.api == SERVICE_V1 ? ask_v1(a, err) : ask_v4(a, kind.limpid, err);
}

enum status scanner_ask_server(struct scanner_run *run, struct err *err)
{
	struct asking a = { .run = run };
	struct service_options options = { .address = slice_cstr(client_value(&run->flags, "clair")),
					   .token = slice_cstr(client_value(&run->flags, "token")),
					   .user_agent = "clair-scanner (limpid)",
					   .limits = &limits_default };
	enum status st = service_new(&options, &a.service, err);

	if (st == STATUS_OK)
		st = ask(&a, err);
	layer_server_stop(a.server);
	client_image_free(&a.image);
	service_free(a.service);
	return st;
}
