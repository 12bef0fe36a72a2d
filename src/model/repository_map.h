/* SPDX-License-Identifier: Apache-2.0 */
/* repository_map.h - under which scope the database keeps the map from repositories to CPE names. */
#ifndef LIMPID_MODEL_REPOSITORY_MAP_H
#define LIMPID_MODEL_REPOSITORY_MAP_H

/*
 * A row of it: package = name of the repository, versions = its CPE names as formatted strings, status not affected, so
 * that nothing takes it for a vulnerability.
 */
#define REPOSITORY_MAP_SCOPE "rhel-repository"

#endif
