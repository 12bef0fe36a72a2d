/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory.c - an archive that did not change is listed once, and nothing that is remembered is believed unread. */
#include "fixture.h"

#include <time.h>

struct memory {
	struct buf key, value; /* one entry is enough */
	unsigned listed, remembered;
};

static struct memory memory;
static int64_t ahead_s;

static int64_t later(void)
{
	return time(NULL) + ahead_s;
}

static bool recall(void *ctx, struct slice key, struct buf *out)
{
	struct memory *m = ctx;

	if (m->remembered == 0 || !slice_eq(buf_slice(&m->key), key))
		return false;
	buf_add(out, buf_slice(&m->value));
	return true;
}

static void remember(void *ctx, struct slice key, struct slice value)
{
	struct memory *m = ctx;

	buf_reset(&m->key);
	buf_reset(&m->value);
	buf_add(&m->key, key);
	buf_add(&m->value, value);
	m->remembered++;
}

static enum status count_and_work(void *ctx, int fd, enum status (*work)(void *ctx, struct buf *out, struct err *err),
				  void *work_ctx, struct buf *out, struct err *err)
{
	struct memory *m = ctx;

	(void)fd;
	m->listed++;
	return work(work_ctx, out, err);
}

static void begin(struct fixture *f)
{
	memory = (struct memory){ .key = BUF_INIT(4096), .value = BUF_INIT((size_t)1 << 20) };
	ahead_s = 3600;
	f->options.recall = recall;
	f->options.remember = remember;
	f->options.memory_ctx = &memory;
	f->options.isolate = count_and_work;
	f->options.isolate_ctx = &memory;
	f->options.now = later;
}

static void end(void)
{
	buf_fini(&memory.key);
	buf_fini(&memory.value);
}

static void put_archive(struct fixture *f, const char *layer)
{
	struct tarball t = tarball_begin();
	char config[1024], manifest[1024], name[128];
	struct digest_text text;

	config_text(config, sizeof(config), "amd64", 1);
	snprintf(name, sizeof(name), "%s.json", hex_of(&text, config));
	snprintf(manifest, sizeof(manifest), "[{\"Config\":\"%s\",\"Layers\":[\"1.tar\"]}]", name);
	tarball_file(&t, "1.tar", layer);
	tarball_file(&t, name, config);
	tarball_file(&t, "manifest.json", manifest);
	put_tar(f, "x.tar", &t);
}

static void opens(struct fixture *f, const char *transport, unsigned listed, size_t len)
{
	assert_int_equal(open_text(f, "%s%s/x.tar", transport, f->dir), STATUS_OK);
	assert_int_equal(f->image->n_layers, 1);
	assert_int_equal(f->image->layers[0].len, len);
	assert_int_equal(memory.listed, listed);
}

static void test_listed_once(void **state)
{
	struct fixture *f = *state;

	begin(f);
	put_archive(f, "layer");
	opens(f, "docker-archive:", 1, 5);
	if (memory.remembered == 0) {
		end();
		skip(); /* a file system on which no file has an identity */
	}
	opens(f, "docker-archive:", 1, 5);
	/* Sniffing is another question. */
	opens(f, "", 2, 5);
	opens(f, "", 2, 5);
	put_archive(f, "another layer");
	opens(f, "", 3, 13);
	end();
}

static void test_too_new(void **state)
{
	struct fixture *f = *state;

	begin(f);
	ahead_s = 0;
	put_archive(f, "layer");
	opens(f, "", 1, 5);
	opens(f, "", 2, 5);
	assert_int_equal(memory.remembered, 0);
	end();
}

/* Whoever can write the state can write there what he likes: it is read as the worker's answer is. */
static void test_what_is_remembered_is_checked(void **state)
{
	struct fixture *f = *state;
	size_t whole;

	begin(f);
	put_archive(f, "layer");
	opens(f, "", 1, 5);
	if (memory.remembered == 0) {
		end();
		skip();
	}
	whole = memory.value.len;
	for (size_t n = 0; n < whole; n += 7) {
		memory.value.len = MIN(memory.value.len, n);
		(void)open_text(f, "%s/x.tar", f->dir);
	}
	memory.listed = 0;
	buf_reset(&memory.value);
	buf_add(&memory.value, SLICE("\xff\xffno listing"));
	opens(f, "", 1, 5);
	opens(f, "", 1, 5);
	end();
}

static void test_failures_are_not_kept(void **state)
{
	struct fixture *f = *state;
	struct tarball t = tarball_begin();

	begin(f);
	tarball_file(&t, "manifest.json", "[]");
	t.buf.len = 700;
	put_tar(f, "x.tar", &t);
	assert_int_not_equal(open_text(f, "docker-archive:%s/x.tar", f->dir), STATUS_OK);
	assert_int_equal(memory.listed, 1);
	assert_int_not_equal(open_text(f, "docker-archive:%s/x.tar", f->dir), STATUS_OK);
	end();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_listed_once),
		TEST(test_too_new),
		TEST(test_what_is_remembered_is_checked),
		TEST(test_failures_are_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
