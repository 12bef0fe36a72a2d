/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scopes_cpe.h - repositories by their CPE: which of Red Hat's rows are about an image. Private to match/.
 *
 * A row's CPE holds for a repository if it says the same in every attribute it gives (NIST IR 7696, superset), and its
 * version may stop earlier: "openshift:4" holds for 4.13, not for 42. rhel_eus is another product than
 * enterprise_linux, so its fixes hold for nobody else.
 */
#ifndef LIMPID_MATCH_SCOPES_CPE_H
#define LIMPID_MATCH_SCOPES_CPE_H

#include "model/layer_report.h"

#define SCOPES_CPES_MAX 8

struct scopes_cpes {
	char text[SCOPES_CPES_MAX][96]; /* formatted strings */
	size_t n;
	/* Those that the image says instead, of which the ones with a CPE count; n_said 0: what is in text counts. */
	const struct layer_repository *said;
	size_t n_said;
};

/*
 * What a system has that does not say which repositories its packages are from: "rhel:9" the release itself, its
 * BaseOS, AppStream and CodeReady Builder; "rhel:7" the server. The same of "centos:7", which is built from the same
 * sources. None of others.
 */
void scopes_cpes_of(struct slice scope, struct scopes_cpes *out);
/* Does a row's CPE, a formatted string, hold for one of them? */
bool scopes_cpe_matches(const struct scopes_cpes *c, struct slice cpe);

/*
 * Does a row of a scope concern packages of another: the same one, or a repository of it? Of container images ("rhcc")
 * the product is not asked: only their reports know it (scopes_concerns()).
 */
bool scopes_holds(struct slice row, struct slice package);

#endif
