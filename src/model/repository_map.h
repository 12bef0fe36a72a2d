/* SPDX-License-Identifier: Apache-2.0 */
/* repository_map.h - under which scopes the database keeps Red Hat's maps. */
#ifndef LIMPID_MODEL_REPOSITORY_MAP_H
#define LIMPID_MODEL_REPOSITORY_MAP_H

/*
 * A row of it: package = name of the repository, versions = its CPE names as formatted strings, status not affected, so
 * that nothing takes it for a vulnerability.
 */
#define REPOSITORY_MAP_SCOPE "rhel-repository"
/* Likewise: package = what an image is called by its label, versions = the repositories that it is shipped in. */
#define IMAGE_MAP_SCOPE "rhcc-name"

#endif
