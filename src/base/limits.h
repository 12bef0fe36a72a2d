/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - every cap, with its unit, its reason and the setting that changes it.
 *
 * Reaching one is STATUS_LIMIT or DIAG_LIMIT and is said in every report. Code takes caps from struct limits, so
 * that settings can change them; the LIMIT_ constants are the defaults.
 */
#ifndef LIMPID_BASE_LIMITS_H
#define LIMPID_BASE_LIMITS_H

#include <stdint.h>

/* LIMIT_ROW(field, default, setting, why) */
#define LIMITS(LIMIT_ROW)                                                                                              \
	LIMIT_ROW(layer_bytes, UINT64_C(64) << 30, "limits.layer_bytes",                                               \
		  "unpacked bytes of one layer; the largest public images (CUDA, ML) have layers near 20 GiB")         \
	LIMIT_ROW(layer_ratio, 2048, "limits.layer_ratio",                                                             \
		  "unpacked bytes per packed byte once layer_ratio_floor is passed; gzip can not exceed 1032")         \
	LIMIT_ROW(layer_ratio_floor, UINT64_C(1) << 30, "limits.layer_ratio_floor",                                    \
		  "unpacked bytes below which layer_ratio is not asked: small layers of zeros are common")             \
	LIMIT_ROW(layer_entries, 4000000, "limits.layer_entries",                                                      \
		  "tar entries of one layer; a million are seen in node_modules images")                               \
	LIMIT_ROW(layer_links, 200000, "limits.layer_links", "symlinks and hard links kept per layer report")          \
	LIMIT_ROW(layer_names, UINT64_C(16) << 20, "limits.layer_names",                                               \
		  "bytes of the names of one layer's entries, 4 more for each: what they replace in lower layers")     \
	LIMIT_ROW(layers, 512, "limits.layers", "layers of one image; runtimes stop at 127")                           \
	LIMIT_ROW(path_bytes, 4096, "limits.path_bytes", "PATH_MAX of Linux: a longer name cannot be opened there")    \
	LIMIT_ROW(path_depth, 1024, "limits.path_depth", "components of a path; deeper ones are left out")             \
	LIMIT_ROW(                                                                                                     \
		file_bytes, UINT64_C(128) << 20, "limits.file_bytes",                                                  \
		"bytes of one file a detector reads whole; largest dpkg status seen 5 MiB, rpmdb 180 MiB is spooled")  \
	LIMIT_ROW(file_memory, UINT64_C(128) << 20, "limits.file_memory",                                              \
		  "bytes a detector may make of one file; a Cargo.lock of 50,000 crates takes 50 MiB")                 \
	LIMIT_ROW(spool_memory, UINT64_C(8) << 20, "limits.spool_memory",                                              \
		  "bytes of a file kept in memory before it goes to an unlinked temporary file")                       \
	LIMIT_ROW(spool_bytes, UINT64_C(1) << 30, "limits.spool_bytes",                                              \
		  "bytes of the temporary file of all workers")                                                        \
	LIMIT_ROW(packages, 200000, "limits.packages", "packages of one layer; a full Debian archive has 65,000")      \
	LIMIT_ROW(findings, 100000, "limits.findings",                                                                 \
		  "findings of one report, some 1 KiB each; 500 packages never updated have 1,300")                    \
	LIMIT_ROW(match_rows, 10000000, "limits.match_rows",                                                           \
		  "advisory rows compared for one image, 0.2 us each; 500 packages ask for 2,000")                     \
	LIMIT_ROW(fields, 4096, "limits.fields", "fields of one stanza, tags of one header")                           \
	LIMIT_ROW(field_bytes, UINT64_C(1) << 20, "limits.field_bytes",                                                \
		  "bytes of one field or line; the longest real one (dpkg Conffiles) is 60 KiB")                       \
	LIMIT_ROW(document_depth, 128, "limits.document_depth", "nesting of JSON, XML and YAML")                       \
	LIMIT_ROW(json_values, 4000000, "limits.json_values",                                                          \
		  "values and keys of one JSON file of an image, 16 bytes each; large lock files have 500,000")        \
	LIMIT_ROW(yaml_nodes, 1000000, "limits.yaml_nodes", "nodes of one YAML document, aliases counted in full")     \
	LIMIT_ROW(manifest_bytes, UINT64_C(8) << 20, "limits.manifest_bytes",                                          \
		  "an image's manifest, index or configuration; registries stop at 4 MiB")                             \
	LIMIT_ROW(feed_bytes, UINT64_C(2) << 30, "limits.feed_bytes", "one feed document, unpacked")                   \
	LIMIT_ROW(document_bytes, UINT64_C(1) << 30, "limits.document_bytes",                                          \
		  "one feed document as it comes, in a temporary file; dumps of OSV have several hundred MB")          \
	LIMIT_ROW(zip_members, 600000, "limits.zip_members",                                                           \
		  "members of one dump of a feed")                                \
	LIMIT_ROW(archive_depth, 6, "limits.archive_depth",                                                            \
		  "archives inside archives of an image: a jar in a war in an ear is 3")                               \
	LIMIT_ROW(archive_memory, UINT64_C(48) << 20, "limits.archive_memory",                                         \
		  "bytes of one archive's packed inner archives in memory at once; stored ones need none")             \
	LIMIT_ROW(archive_unpacked, UINT64_C(1) << 30, "limits.archive_unpacked",                                      \
		  "bytes unpacked for one archive of an image, some 2 s; a war of 200 MB has 200 MB")                  \
	LIMIT_ROW(record_bytes, UINT64_C(16) << 20, "limits.record_bytes", "one advisory record of a feed")            \
	LIMIT_ROW(segment_text_bytes, UINT32_MAX, "limits.segment_text_bytes",                                         \
		  "distinct texts of one segment: references to them have 32 bits")                                    \
	LIMIT_ROW(segment_entries, UINT32_MAX - 1, "limits.segment_entries",                                           \
		  "rows, advisories or ids of one segment: their numbers have 32 bits")                                \
	LIMIT_ROW(segment_rows_held, 1 << 18, "limits.segment_rows_held",                                              \
		  "rows of a segment in memory while it is written, at 24 bytes; the others wait in a file")           \
	LIMIT_ROW(diagnostics, 10000, "limits.diagnostics", "diagnostics kept per layer; further ones are counted")    \
	LIMIT_ROW(report_bytes, UINT64_C(32) << 20, "limits.report_bytes", "one layer report on the worker's pipe")    \
	LIMIT_ROW(index_bytes, UINT64_C(128) << 20, "limits.index_bytes",                                              \
		  "one index report, of a file or another indexer; 500 packages have 300 KB")                          \
	LIMIT_ROW(worker_memory, UINT64_C(2) << 30, "limits.worker_memory", "address space a worker may add")          \
	LIMIT_ROW(worker_seconds, 600, "limits.worker_seconds", "wall time of one layer")                              \
	LIMIT_ROW(message_bytes, UINT64_C(16) << 20, "limits.message_bytes",                                           \
		  "one message to a receiver of notifications: RabbitMQ 4 takes no larger one, earlier ones 128 MiB")  \
	LIMIT_ROW(cache_bytes, UINT64_C(512) << 20, "limits.cache_bytes", "layer reports kept in the state store")

struct limits {
#define LIMIT_ROW(field, value, setting, why) uint64_t field;
	LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

/* The defaults. */
extern const struct limits limits_default;

#endif
