/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status_page.c - the page for people at /: one document, its script and its style, as they were built in.
 *
 * They hold nothing of what the service knows, so everybody may have them; what they show they ask of the API, with the
 * token that the reader gives them. Nothing comes from elsewhere, and no text of an answer becomes markup: the policy
 * below and the script's use of text nodes both see to that.
 */
#include "config/config.h"
#include "io/digest.h"
#include "server/handler.h"
#include "server/negotiate.h"

/* status.css, status.html, status.js: in the order of their names (tools/embed). */
extern const char *const server_status_files[];
enum file { FILE_CSS, FILE_HTML, FILE_JS };

static enum status put_file(const struct server_context *ctx, const struct request *req, struct response *resp,
			    enum file file, struct err *err)
{
	static const char *const types[] = { [FILE_CSS] = "text/css; charset=utf-8",
					     [FILE_HTML] = "text/html; charset=utf-8",
					     [FILE_JS] = "text/javascript; charset=utf-8" };
	struct slice text = slice_cstr(server_status_files[file]), tag;
	struct digest_text printed;
	struct digest digest;

	if (!ctx->config->limpid.status_page) {
		response_not_found(resp);
		return STATUS_OK;
	}
	TRY(digest_of(DIGEST_SHA256, text, &digest, err));
	if (!arena_copy(req->arena, slice_from(slice_cstr(digest_print(&printed, &digest)), 7), &tag))
		return err_nomem(err, "the status page");
	response_etag(resp, tag);
	/* Asked again each time: after an upgrade the three belong together. */
	response_header(resp, "Cache-Control", SLICE("no-cache"));
	response_header(resp, "Content-Security-Policy",
			SLICE("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
			      "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
	response_header(resp, "X-Content-Type-Options", SLICE("nosniff"));
	response_header(resp, "Referrer-Policy", SLICE("no-referrer"));
	response_content_type(resp, types[file]);
	if (negotiate_not_modified(req, tag))
		resp->code = 304;
	else
		response_shared(resp, text, NULL, NULL);
	return STATUS_OK;
}

enum status status_page_html(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	return put_file(ctx, req, resp, FILE_HTML, err);
}

enum status status_page_js(struct server_context *ctx, const struct request *req, struct response *resp,
			   struct err *err)
{
	return put_file(ctx, req, resp, FILE_JS, err);
}

enum status status_page_css(struct server_context *ctx, const struct request *req, struct response *resp,
			    struct err *err)
{
	return put_file(ctx, req, resp, FILE_CSS, err);
}
