/* SPDX-License-Identifier: Apache-2.0 */
/* report_json.c - see report_json.h. */
#include "server/report_json.h"

#include "base/date.h"
#include "base/map.h"
#include "text/json.h"

/* An index report may be replaced between its identity and its bytes. */
#define TRIES 3

enum status report_json_get(struct matcher *m, const struct digest *manifest, struct arena *arena,
			    struct report_body **out, struct err *err)
{
	enum status st = STATUS_CONFLICT;

	for (int i = 0; i < TRIES && st == STATUS_CONFLICT; i++) {
		struct matcher_request r;

		TRY(matcher_request(m, manifest, arena, &r, err));
		st = matcher_report(&r, arena, out, err);
		matcher_request_fini(&r);
	}
	return st;
}

/* ---- numbers ---- */

static enum severity severity_of(yyjson_val *vulnerability)
{
	enum severity s = SEVERITY_UNKNOWN;

	return severity_by_name(json_get_str(vulnerability, "normalized_severity"), &s) ? s : SEVERITY_UNKNOWN;
}

/* Key of a vulnerability -> twice its severity, and one more if it has a fix. */
static enum status weigh(yyjson_val *vulnerabilities, struct map *out, struct err *err)
{
	yyjson_obj_iter it;
	yyjson_val *k;

	yyjson_obj_iter_init(vulnerabilities, &it);
	while ((k = yyjson_obj_iter_next(&it))) {
		yyjson_val *v = yyjson_obj_iter_get_val(k);
		uint64_t weight = 2u * (unsigned)severity_of(v) + (json_get_str(v, "fixed_in_version").len > 0);

		if (!map_put(out, json_str(k), weight))
			return err_nomem(err, "the numbers of a report");
	}
	return STATUS_OK;
}

static enum status count(yyjson_val *root, struct report_counts *out, struct err *err)
{
	struct map AUTO(map_fini) weights = MAP_INIT;
	yyjson_obj_iter it;
	yyjson_val *k, *id;

	TRY(weigh(json_get(root, "vulnerabilities"), &weights, err));
	out->packages = yyjson_obj_size(json_get(root, "packages"));
	out->complete = json_get_bool(json_get(root, "coverage"), "complete");
	yyjson_obj_iter_init(json_get(root, "package_vulnerabilities"), &it);
	while ((k = yyjson_obj_iter_next(&it))) {
		yyjson_val *ids = yyjson_obj_iter_get_val(k);
		size_t i, n;

		out->packages_affected += yyjson_arr_size(ids) > 0;
		yyjson_arr_foreach(ids, i, n, id)
		{
			uint64_t weight = 0;

			if (!map_get(&weights, json_str(id), &weight))
				continue;
			out->findings++;
			out->fixable += weight & 1;
			out->by_severity[weight / 2]++;
			out->fixable_by_severity[weight / 2] += weight & 1;
		}
	}
	return STATUS_OK;
}

enum status report_json_count(struct slice report, struct report_counts *out, struct err *err)
{
	struct json_doc doc;
	enum status st;

	*out = (struct report_counts){ 0 };
	TRY(json_parse(report, &limits_default, &doc, err));
	st = count(doc.root, out, err);
	json_doc_free(&doc);
	return st;
}

/* ---- whom an id affects ---- */

static bool has_id(yyjson_val *vulnerability, struct slice id)
{
	yyjson_val *aliases = json_get(vulnerability, "Aliases"), *alias;
	size_t i, n;

	if (slice_eq_nocase(json_get_str(vulnerability, "name"), id))
		return true;
	yyjson_arr_foreach(aliases, i, n, alias)
	{
		if (slice_eq_nocase(json_get_str(alias, "Name"), id))
			return true;
	}
	return false;
}

/* Key -> 1 for those with the id. */
static enum status find(yyjson_val *vulnerabilities, struct slice id, struct map *out, struct err *err)
{
	yyjson_obj_iter it;
	yyjson_val *k;

	yyjson_obj_iter_init(vulnerabilities, &it);
	while ((k = yyjson_obj_iter_next(&it)))
		if (has_id(yyjson_obj_iter_get_val(k), id) && !map_put(out, json_str(k), 1))
			return err_nomem(err, "who is affected");
	return STATUS_OK;
}

static void put_finding(struct json_writer *w, yyjson_val *package, yyjson_val *vulnerability)
{
	json_object(w);
	json_member_str(w, "package", json_get_str(package, "name"));
	json_member_str(w, "version", json_get_str(package, "version"));
	json_member_str(w, "vulnerability", json_get_str(vulnerability, "name"));
	json_member_str(w, "severity", json_get_str(vulnerability, "normalized_severity"));
	json_member_str(w, "fixed_in_version", json_get_str(vulnerability, "fixed_in_version"));
	json_close(w);
}

static void put_findings(struct json_writer *w, yyjson_val *root, const struct map *wanted)
{
	yyjson_val *packages = json_get(root, "packages"), *vulnerabilities = json_get(root, "vulnerabilities");
	yyjson_obj_iter it;
	yyjson_val *k, *id;

	yyjson_obj_iter_init(json_get(root, "package_vulnerabilities"), &it);
	while ((k = yyjson_obj_iter_next(&it))) {
		size_t i, n;

		yyjson_arr_foreach(yyjson_obj_iter_get_val(k), i, n, id)
		{
			uint64_t one;

			if (map_get(wanted, json_str(id), &one))
				put_finding(w, json_get(packages, yyjson_get_str(k)),
					    json_get(vulnerabilities, yyjson_get_str(id)));
		}
	}
}

static enum status affected(yyjson_val *root, struct slice id, const struct digest *manifest, int64_t updated_s,
			    struct json_writer *w, struct err *err)
{
	struct map AUTO(map_fini) wanted = MAP_INIT;
	struct digest_text text;
	struct date_text date;

	TRY(find(json_get(root, "vulnerabilities"), id, &wanted, err));
	if (wanted.len == 0)
		return STATUS_OK;
	json_object(w);
	json_member_cstr(w, "digest", digest_print(&text, manifest));
	json_member_cstr(w, "updated", date_print(&date, updated_s));
	json_key(w, "findings");
	json_array(w);
	put_findings(w, root, &wanted);
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

enum status report_json_affected(struct slice report, struct slice id, const struct digest *manifest, int64_t updated_s,
				 struct json_writer *w, struct err *err)
{
	struct json_doc doc;
	enum status st;

	TRY(json_parse(report, &limits_default, &doc, err));
	st = affected(doc.root, id, manifest, updated_s, w, err);
	json_doc_free(&doc);
	return st;
}
