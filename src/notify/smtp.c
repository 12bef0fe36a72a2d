/* SPDX-License-Identifier: Apache-2.0 */
/* smtp.c - a mail through a relay: delivered when the relay has taken it. */
#include "notify/mail.h"
#include "notify/transfer.h"

#include "io/http_client.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct smtp {
	struct transfer t;
	const struct config_smtp *set;
	char *url;		     /* owned: with our name as its path */
	struct http_url_text server; /* without secrets */
	struct curl_slist *to;	     /* owned */
	struct buf mail;
	size_t at;	 /* of the mail that is sent */
	char reply[256]; /* the last one that refused something */
};

static bool is_wanted(const struct config *config)
{
	return config->limpid.notifier.smtp.present && config->limpid.notifier.smtp.server.len > 0;
}

static bool is_direct(const struct config *config)
{
	return config->limpid.notifier.smtp.callback.len == 0;
}

static void smtp_close(void *self)
{
	struct smtp *s = self;

	transfer_fini(&s->t);
	curl_slist_free_all(s->to);
	buf_fini(&s->mail);
	free(s->url);
	free(s);
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '.' && s.ptr[i] != ':' && s.ptr[i] != '[' &&
		    s.ptr[i] != ']')
			return false;
	return s.len > 0;
}

static enum status check(const struct config_smtp *set, struct err *err)
{
	struct err_quote q;

	if (!mail_is_address(set->from))
		return err_set(err, STATUS_INVALID, "from: \"%s\" is no address", err_slice(&q, set->from));
	for (size_t i = 0; i < set->to.n; i++)
		if (!mail_is_address(set->to.at[i]))
			return err_set(err, STATUS_INVALID, "to: \"%s\" is no address", err_slice(&q, set->to.at[i]));
	if (set->to.n == 0)
		return err_set(err, STATUS_INVALID, "to: nobody would get the mail");
	if (set->hello.len > 0 && !is_name(set->hello))
		return err_set(err, STATUS_INVALID, "hello: \"%s\" is no name", err_slice(&q, set->hello));
	return STATUS_OK;
}

static enum status prepare(struct smtp *s, struct err *err)
{
	char name[256] = "localhost", *url = NULL;
	struct slice server = s->set->server;

	if (s->set->hello.len == 0 && (gethostname(name, sizeof(name) - 1) != 0 || !is_name(slice_cstr(name))))
		snprintf(name, sizeof(name), "localhost");
	if (s->set->hello.len > 0)
		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(s->set->hello));
	if (slice_ends(server, SLICE("/")))
		server.len--;
	if (asprintf(&url, "%.*s/%s", SLICE_ARG(server), name) < 0)
		return err_nomem(err, "a URL");
	s->url = url;
	http_url_shown(&s->server, server);
	for (size_t i = 0; i < s->set->to.n; i++) {
		struct curl_slist *longer = curl_slist_append(s->to, config_cstr(s->set->to.at[i]));

		if (!longer)
			return err_nomem(err, "recipients");
		s->to = longer;
	}
	return STATUS_OK;
}

static enum status smtp_open(const struct deliverer *d, void **out, struct err *err)
{
	const struct config_smtp *set = &deliverer_own(d)->smtp;
	struct smtp *s;

	TRY(check(set, err));
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err, "a deliverer");
	s->set = set;
	s->mail = (struct buf)BUF_INIT(d->setup.config->limpid.limits.message_bytes);
	if (transfer_init(&s->t, d, err) != STATUS_OK || prepare(s, err) != STATUS_OK) {
		smtp_close(s);
		return err->code;
	}
	*out = s;
	return STATUS_OK;
}

static size_t on_read(char *data, size_t size, size_t count, void *ctx)
{
	struct smtp *s = ctx;
	size_t n = MIN(size * count, s->mail.len - s->at);

	memcpy(data, s->mail.ptr + s->at, n);
	s->at += n;
	return n;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct smtp *s = ctx;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > s->mail.len)
		return CURL_SEEKFUNC_FAIL;
	s->at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t on_reply(char *data, size_t size, size_t count, void *ctx)
{
	struct smtp *s = ctx;
	struct slice line = slice_trim(slice_take(slice_make(data, size * count), sizeof(s->reply) - 1));

	/* What follows a refusal (the answer to QUIT) is not the reason. */
	if (line.len == 0 || (line.ptr[0] != '4' && line.ptr[0] != '5'))
		return size * count;
	memcpy(s->reply, line.ptr, line.len);
	s->reply[line.len] = '\0';
	return size * count;
}

static size_t on_nothing(char *data, size_t size, size_t count, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * count;
}

static CURLcode transfer_mail(struct smtp *s)
{
	static const long levels[] = { [CONFIG_STARTTLS_REQUIRED] = CURLUSESSL_ALL,
				       [CONFIG_STARTTLS_OPTIONAL] = CURLUSESSL_TRY,
				       [CONFIG_STARTTLS_NO] = CURLUSESSL_NONE };
	long seconds = (long)MAX((deliverer_own(s->t.d)->timeout + 999999999) / 1000000000, 1);
	CURL *curl = s->t.curl;

	transfer_reset(&s->t, &s->set->tls);
	s->at = 0;
	s->reply[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_URL, s->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_USE_SSL, levels[s->set->starttls]);
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, seconds);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, seconds);
	if (s->set->user.len > 0) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, config_cstr(s->set->user));
		curl_easy_setopt(curl, CURLOPT_PASSWORD, config_cstr(s->set->password));
	}
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, config_cstr(s->set->from));
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, s->to);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->mail.len);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, s);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, s);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_nothing);
	return transfer_run(&s->t);
}

static enum delivery judge(struct smtp *s, CURLcode rc, struct delivery_result *out, struct err *err)
{
	struct transfer_words words;
	bool final = false;
	long code = 0;

	if (rc == CURLE_OK) {
		out->messages = 1;
		return DELIVERY_DONE;
	}
	curl_easy_getinfo(s->t.curl, CURLINFO_RESPONSE_CODE, &code);
	if (rc == CURLE_USE_SSL_FAILED) {
		err_set(err, STATUS_AUTH, "%s offers no TLS, and limpid.notifier.smtp.starttls requires it",
			s->server.text);
	} else if (code >= 400 && (rc == CURLE_SEND_ERROR || rc == CURLE_WEIRD_SERVER_REPLY || rc == CURLE_RECV_ERROR ||
				   rc == CURLE_LOGIN_DENIED || rc == CURLE_REMOTE_ACCESS_DENIED)) {
		err_set(err, rc == CURLE_LOGIN_DENIED ? STATUS_AUTH : STATUS_REMOTE, "%s says: %s", s->server.text,
			transfer_words(&words, slice_cstr(s->reply)));
		err->sys_errno = (int)code;
		/* Said of the mail itself, not of who sends it to whom. */
		final = s->at == s->mail.len && rc == CURLE_WEIRD_SERVER_REPLY && (code == 552 || code == 554);
	} else {
		transfer_explain(&s->t, rc, out->peer, err);
	}
	return final ? DELIVERY_NEVER : DELIVERY_AGAIN;
}

static void smtp_rest(void *self)
{
	struct smtp *s = self;
	struct err err = ERR_INIT;
	struct transfer fresh;

	/* A handle says QUIT when it goes. */
	if (transfer_init(&fresh, s->t.d, &err) != STATUS_OK)
		return;
	transfer_fini(&s->t);
	s->t = fresh;
}

/* libcurl would ask a relay that did not answer once more, and wait for its good-bye. */
static void hang_up(struct smtp *s)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(s->t.curl, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
		(void)shutdown(fd, SHUT_RDWR);
	smtp_rest(s);
}

static enum delivery smtp_send(void *self, const struct delivery_message *m, struct delivery_result *out,
			       struct err *err)
{
	struct smtp *s = self;
	enum delivery result;
	uint64_t entries;

	out->peer = slice_cstr(s->server.text);
	if (mail_make(s->set, &s->t.d->setup.config->limpid.limits, m, deliverer_now(s->t.d), &s->mail, &entries,
		      err) != STATUS_OK)
		return DELIVERY_AGAIN;
	result = judge(s, transfer_mail(s), out, err);
	if (result != DELIVERY_DONE)
		hang_up(s);
	return result;
}

const struct deliverer_class deliverer_smtp = {
	.is_wanted = is_wanted,
	.is_direct = is_direct,
	.open = smtp_open,
	.close = smtp_close,
	.rest = smtp_rest,
	.send = smtp_send,
};
