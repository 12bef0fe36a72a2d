/* SPDX-License-Identifier: Apache-2.0 */
/* show.h - settings as YAML: those in force, and a sample of all. Secrets are masked. */
#ifndef LIMPID_CONFIG_SHOW_H
#define LIMPID_CONFIG_SHOW_H

#include "config/config.h"

#include "base/buf.h"

/*
 * What is in force, with a comment behind each value that says where it comes from (unless plain). Settings that the
 * mode does not ask are left out, and those without effect unless a file gives them; with `given`,
 * all that nobody gave.
 */
enum status config_show(const struct config *c, bool plain, bool given, struct buf *out, struct err *err) NODISCARD;
/* A file with every setting, its meaning and its default. It loads as it stands, and with every comment that is a
 * setting. */
enum status config_sample(struct buf *out, struct err *err) NODISCARD;

#endif
