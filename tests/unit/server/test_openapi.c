/* SPDX-License-Identifier: Apache-2.0 */
/* test_openapi.c - the document and the table of routes say the same; its YAML reads back as its JSON. */
#include "check.h"
#include "server/openapi.h"
#include "text/json.h"

#define ALL (SERVICE_INDEXER | SERVICE_MATCHER | SERVICE_NOTIFIER)

static struct err err = ERR_INIT;

static struct slice fixed_part(struct slice pattern)
{
	slice_cut(pattern, '{', &pattern, NULL);
	return pattern;
}

/* The operation of a path and a method ("get") in the document. */
static yyjson_val *operation(yyjson_val *root, struct slice pattern, const char *method)
{
	yyjson_val *paths = json_get(root, "paths"), *k;
	yyjson_obj_iter it;

	yyjson_obj_iter_init(paths, &it);
	while ((k = yyjson_obj_iter_next(&it))) {
		struct slice path = json_str(k);
		bool same = (slice_find_byte(path, '{') == SIZE_MAX) == (slice_find_byte(pattern, '{') == SIZE_MAX);

		if (same && slice_eq(fixed_part(path), fixed_part(pattern)))
			return json_get(yyjson_obj_iter_get_val(k), method);
	}
	return NULL;
}

/* Every row of the API is described under its own name. */
static void test_rows(void **state)
{
	static const char *const methods[] = { "get", "head", "post", "put", "delete", "patch", "options" };
	struct json_doc doc;

	(void)state;
	assert_int_equal(json_parse(openapi_source(), &limits_default, &doc, &err), STATUS_OK);
	for (size_t i = 0; i < n_routes; i++) {
		const struct route_path *p = &route_paths[routes[i].path];
		yyjson_val *op;

		if (p->listener != LISTENER_API)
			continue;
		op = operation(doc.root, slice_cstr(p->pattern), methods[routes[i].method]);
		if (!op)
			fail_msg("%s %s is not in openapi.json", methods[routes[i].method], p->pattern);
		check_text(json_get_str(op, "operationId"), routes[i].operation);
	}
	json_doc_free(&doc);
}

static size_t count_operations(yyjson_val *root)
{
	yyjson_val *k, *m;
	yyjson_obj_iter it, inner;
	size_t n = 0;

	yyjson_obj_iter_init(json_get(root, "paths"), &it);
	while ((k = yyjson_obj_iter_next(&it))) {
		yyjson_obj_iter_init(yyjson_obj_iter_get_val(k), &inner);
		while ((m = yyjson_obj_iter_next(&inner)))
			n += json_get_str(yyjson_obj_iter_get_val(m), "operationId").len > 0;
	}
	return n;
}

/* What is served are the rows of the process, no more. */
static void test_cut(void **state)
{
	static const unsigned services[] = { 0, SERVICE_INDEXER, SERVICE_MATCHER, ALL };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(services); k++) {
		struct openapi o;
		struct json_doc doc;
		size_t want = 0;

		assert_int_equal(openapi_init(&o, services[k], &err), STATUS_OK);
		assert_int_equal(json_parse(buf_slice(&o.json), &limits_default, &doc, &err), STATUS_OK);
		for (size_t i = 0; i < n_routes; i++) {
			const struct route_path *p = &route_paths[routes[i].path];

			want += p->listener == LISTENER_API && (p->services == 0 || (p->services & services[k]));
		}
		assert_int_equal(count_operations(doc.root), want);
		assert_int_equal(strlen(o.etag), 64);
		json_doc_free(&doc);
		openapi_fini(&o);
	}
}

/* All $ref lead somewhere. */
static void test_references(void **state)
{
	struct slice rest = openapi_source();
	struct json_doc doc;
	size_t at, n = 0;

	(void)state;
	assert_int_equal(json_parse(rest, &limits_default, &doc, &err), STATUS_OK);
	while ((at = slice_find(rest, SLICE("\"$ref\": \"#"))) != SIZE_MAX) {
		struct slice pointer;
		char text[128];

		slice_cut(slice_from(rest, at + 10), '"', &pointer, &rest);
		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(pointer));
		if (!yyjson_ptr_get(doc.root, text))
			fail_msg("%s leads nowhere", text);
		n++;
	}
	assert_true(n > 50);
	json_doc_free(&doc);
}

static void test_yaml(void **state)
{
	struct buf out = BUF_INIT(1 << 16);

	(void)state;
	assert_int_equal(
		openapi_yaml(SLICE("{\"a b\":[1,[true,null],{\"no\":\"x\\n\",\"key\":{}},[]],\"d\":{\"ee\":\"\"}}"),
			     &out, &err),
		STATUS_OK);
	check_text(buf_slice(&out), "\"a b\":\n"
				    "  - 1\n"
				    "  - - true\n"
				    "    - null\n"
				    "  - \"no\": \"x\\n\"\n"
				    "    key: {}\n"
				    "  - []\n"
				    "\"d\":\n"
				    "  ee: \"\"\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_yaml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
