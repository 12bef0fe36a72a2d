/* SPDX-License-Identifier: Apache-2.0 */
/* base_image.c - where an image's base ends, by its history; the rule is docs/adr/0034-base-image.md. */
#include "image/image_impl.h"

/* How classic builders of Docker write an instruction that runs nothing. */
#define NO_OPERATION "/bin/sh -c #(nop)"

static bool is_hex(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (hex_value(s.ptr[i]) < 0)
			return false;
	return s.len > 0;
}

/* buildah notes at the first step of a build what it is from; at further ones the image of the step before, by its id.
 */
static bool is_from(const struct image_step *step, struct slice *out_name)
{
	if (!slice_starts(step->comment, SLICE("FROM ")))
		return false;
	*out_name = slice_trim(slice_from(step->comment, strlen("FROM ")));
	return out_name->len > 0 && !is_hex(*out_name) && !slice_eq(*out_name, SLICE("scratch"));
}

/* The instruction that a base image usually ends with: CMD ["bash"], CMD["bash"], CMD bash. */
static bool is_command(const struct image_step *step)
{
	struct slice text = step->created_by, after;

	if (!step->empty)
		return false;
	if (slice_starts(text, SLICE(NO_OPERATION)))
		text = slice_from(text, strlen(NO_OPERATION));
	text = slice_trim(text);
	if (!slice_starts(text, SLICE("CMD")))
		return false;
	after = slice_from(text, strlen("CMD"));
	return after.len == 0 || after.ptr[0] == '[' || is_space(after.ptr[0]);
}

/* Debian's images since 2024: one step, without a CMD of its own. */
static bool is_debian(const struct image_step *step)
{
	return !step->empty && (slice_starts(step->comment, SLICE("debuerreotype")) ||
				slice_starts(step->created_by, SLICE("# debian.sh ")));
}

static size_t layers_before(const struct image_config *config, size_t end)
{
	size_t n = 0;

	for (size_t i = 0; i < end; i++)
		n += !config->history.at[i].empty;
	return n;
}

/* The number of steps that are the base's; 0: nothing tells. */
static size_t find_end(const struct image_config *config, struct slice *out_name)
{
	const struct image_step *steps = config->history.at;
	size_t last = config->history.len;

	for (size_t i = config->history.len; i-- > 0;)
		if (is_from(&steps[i], out_name))
			return i;
	*out_name = SLICE_EMPTY;
	/* Before the last step that made a layer: what stands after it is the image's own. */
	while (last > 0 && steps[last - 1].empty)
		last--;
	for (size_t i = last; i-- > 0;)
		if (is_command(&steps[i]))
			return i + 1;
	return last > 1 && is_debian(&steps[0]) ? 1 : 0;
}

struct index_base base_image_find(const struct image_config *config, size_t layers, struct slice name,
				  struct slice digest)
{
	struct index_base base = { .name = name.len > 0 ? name : config->base_name };
	struct slice from = SLICE_EMPTY;
	size_t end, n;

	(void)digest_parse(digest.len > 0 ? digest : config->base_digest, &base.digest);
	/* A history that does not fit the layers tells nothing. */
	if (config->created_by.len != layers)
		return base;
	end = find_end(config, &from);
	n = layers_before(config, end);
	if (base.name.len == 0)
		base.name = from;
	if (n == 0 || n >= layers)
		return base;
	base.layers = n;
	base.how = name.len > 0 || digest.len > 0 || from.len > 0 ? BASE_ANNOTATION : BASE_HISTORY;
	return base;
}
