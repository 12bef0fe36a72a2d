/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c - liblimpid-match in one file: what is known about three packages of an Alpine image and a library for Node.
 *
 *     cc match.c $(pkg-config --cflags --libs limpid-match) && ./a.out report.json ~/.local/share/limpid
 *
 * Prints the findings, and writes Clair's vulnerability report of a small index report to the file.
 */
#include <limpid/match.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char index_report[] =
	"{\"manifest_hash\":\"sha256:1111111111111111111111111111111111111111111111111111111111111111\","
	"\"state\":\"IndexFinished\",\"success\":true,\"err\":\"\",\"packages\":{\"1\":{\"id\":\"1\",\"name\":"
	"\"lodash\","
	"\"version\":\"4.17.20\",\"kind\":\"binary\"}},\"distributions\":{},\"repository\":{\"1\":{\"id\":\"1\","
	"\"name\":\"npm\",\"uri\":\"https://www.npmjs.com/\"}},\"environments\":{\"1\":[{\"package_db\":"
	"\"nodejs:app/node_modules/lodash/package.json\",\"introduced_in\":"
	"\"sha256:2222222222222222222222222222222222222222222222222222222222222222\",\"distribution_id\":\"\","
	"\"repository_ids\":[\"1\"]}]}}";

static int on_finding(void *ctx, const struct limpid_match_finding *f)
{
	(void)ctx;
	printf("%s %s: %s %s, fixed in %s (%s)\n", f->name, f->version, f->id,
	       limpid_match_severity_name((int)f->severity), f->fixed[0] ? f->fixed : "no version", f->comparison);
	for (size_t i = 0; i < f->n_known; i++)
		printf("  %s: EPSS %.5f%s\n", f->known[i].cve, f->known[i].epss,
		       f->known[i].exploited ? ", known to be exploited" : "");
	return 0;
}

/* A database that is old, or has nothing of a release, says so here: "nothing was found" alone means little. */
static int on_coverage(void *ctx, const struct limpid_match_coverage *c)
{
	if (strcmp(c->code, "no-feed") == 0)
		printf("not looked up: %s, %zu packages\n", c->scope, c->packages);
	(void)ctx;
	return 0;
}

static int give_up(const char *what, const struct limpid_match_error *error)
{
	fprintf(stderr, "%s: %s\n", what, error->message);
	return EXIT_FAILURE;
}

static int write_report(limpid_match *m, const char *path)
{
	struct limpid_match_error error;
	size_t length, written = 0;
	char *text;
	FILE *f;

	if (limpid_match_report(m, index_report, strlen(index_report), "clair", &text, &length, NULL, &error) !=
	    LIMPID_MATCH_OK)
		return give_up("report", &error);
	f = fopen(path, "w");
	if (f)
		written = fwrite(text, 1, length, f);
	if (f && fclose(f) != 0)
		written = 0;
	printf("a report in Clair's format: %s GHSA-35jh-r3h4-6jhm\n",
	       strstr(text, "\"GHSA-35jh-r3h4-6jhm\"") ? "it names" : "it does not name");
	limpid_match_free_text(text);
	return written == length ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct limpid_match_system alpine = { .id = "alpine", .version_id = "3.18.4" };
	const struct limpid_match_package packages[] = {
		{ .type = "apk", .name = "libssl3", .version = "3.1.4-r1", .source_name = "openssl" },
		{ .type = "apk", .name = "musl", .version = "1.2.4-r2" },
		{ .type = "npm", .name = "json5", .version = "2.2.1" },
		{ .type = "hex", .name = "plug", .version = "1.15.0" },
	};
	const struct limpid_match_callbacks callbacks = { .finding = on_finding, .coverage = on_coverage };
	struct limpid_match_error error;
	limpid_match *m;
	double score;
	int severity, result;

	if (argc != 3) {
		fprintf(stderr, "usage: match REPORT DATA-FOLDER\n");
		return EXIT_FAILURE;
	}
	severity = limpid_match_severity_of_cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", &score);
	printf("%.1f is %s; important is %s\n", score, limpid_match_severity_name(severity),
	       limpid_match_severity_name(limpid_match_severity_of_word("rhel-vex", "important")));
	if (limpid_match_open(argv[2], &m, &error) != LIMPID_MATCH_OK)
		return give_up(argv[2], &error);
	if (limpid_match_packages(m, &alpine, packages, sizeof(packages) / sizeof(packages[0]), &callbacks, NULL, NULL,
				  &error) != LIMPID_MATCH_OK)
		result = give_up("packages", &error);
	else
		result = write_report(m, argv[1]);
	limpid_match_close(m);
	return result;
}
