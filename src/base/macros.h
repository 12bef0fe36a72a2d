/* SPDX-License-Identifier: Apache-2.0 */
/* macros.h - compiler attributes and scope clean-up, the only place that spells GNU extensions. */
#ifndef LIMPID_BASE_MACROS_H
#define LIMPID_BASE_MACROS_H

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_index, arg_index) __attribute__((format(printf, fmt_index, arg_index)))
/* AUTO(fn) runs fn(&variable) when the variable leaves its scope; fn must accept an empty variable. */
#define AUTO(fn) __attribute__((cleanup(fn)))
#define UNUSED __attribute__((unused))

/* UNDER_SANITIZER: 1 in a build with a sanitizer that maps terabytes, takes signals and writes to standard error. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Scope clean-ups for the two handles every file uses: AUTO(free_ptr) char *p = NULL; AUTO(close_fd) int fd = -1; */
void free_ptr(void *pointer_to_pointer);
void close_fd(const int *fd);

#endif
