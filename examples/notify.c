/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.c - liblimpid-notify in one file: two images, one change in Alpine's advisories, and who hears of it.
 *
 *     cc notify.c $(pkg-config --cflags --libs limpid-notify) && ./a.out notifications.jsonl
 *
 * Prints one line for each image that is concerned, and with a name of a file delivers the entries there.
 */
#include <limpid/notify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "6f0d1c4e-5d8e-4b1c-9a55-2f3a6b7c8d9e"
#define ONE "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "sha256:2222222222222222222222222222222222222222222222222222222222222222"

/* What a matcher answers to GET /matcher/api/v1/internal/update_diff. */
static const char diff[] = "{\"added\":[{\"name\":\"CVE-2025-0001\",\"description\":\"Reads past the "
			   "end\",\"normalized_severity\":\"High\","
			   "\"package\":{\"name\":\"musl\",\"kind\":\"source\"},\"distribution\":{\"did\":\"alpine\","
			   "\"version_id\":\"3.18\"},"
			   "\"fixed_in_version\":\"1.2.4-r2\"}],\"removed\":null}";

struct list {
	char *at[16];
	size_t n;
};

static int on_entry(void *ctx, const struct limpid_notify_entry *e)
{
	static const char *const reasons[] = { "", "added", "removed", "changed" };
	struct list *list = ctx;

	printf("%.19s... %s %s %s\n", e->manifest, reasons[e->reason], e->severity, e->id);
	if (list->n == sizeof(list->at) / sizeof(list->at[0]))
		return 1;
	list->at[list->n] = strdup(e->json);
	return list->at[list->n++] == NULL;
}

static int give_up(const char *what, const struct limpid_notify_error *error)
{
	fprintf(stderr, "%s: %s\n", what, error->message);
	return EXIT_FAILURE;
}

static int deliver(const char *path, const struct list *list)
{
	char settings[4096];
	limpid_notify_sender *sender;
	struct limpid_notify_error error;
	int status;

	snprintf(settings, sizeof(settings), "{\"limpid\":{\"notifier\":{\"jsonl\":{\"path\":\"%s\"}}}}", path);
	if (limpid_notify_sender_new(settings, &sender, &error) != LIMPID_NOTIFY_OK)
		return give_up("settings", &error);
	status = limpid_notify_send(sender, ID, (const char *const *)list->at, list->n, NULL, &error);
	if (status == LIMPID_NOTIFY_OK)
		printf("delivered by %s\n", limpid_notify_sender_name(sender));
	limpid_notify_sender_free(sender);
	return status == LIMPID_NOTIFY_OK ? EXIT_SUCCESS : give_up("delivery", &error);
}

int main(int argc, char **argv)
{
	const struct limpid_notify_package old = {
		.type = "apk", .scope = "alpine:3.18", .name = "musl", .version = "1.2.4-r0"
	};
	const struct limpid_notify_package new = {
		.type = "apk", .scope = "alpine:3.18", .name = "musl", .version = "1.2.4-r2"
	};
	const struct limpid_notify_diff what = { .notification = ID };
	struct list list = { .n = 0 };
	struct limpid_notify_error error;
	limpid_notify *inventory;
	int status;

	if (limpid_notify_new(&inventory, &error) != LIMPID_NOTIFY_OK)
		return give_up("inventory", &error);
	if (limpid_notify_add_manifest(inventory, ONE, &old, 1, &error) != LIMPID_NOTIFY_OK ||
	    limpid_notify_add_manifest(inventory, TWO, &new, 1, &error) != LIMPID_NOTIFY_OK)
		return give_up("manifest", &error);
	if (limpid_notify_diff_json(inventory, &what, diff, strlen(diff), on_entry, &list, &error) != LIMPID_NOTIFY_OK)
		return give_up("difference", &error);
	status = argc > 1 ? deliver(argv[1], &list) : EXIT_SUCCESS;
	for (size_t i = 0; i < list.n; i++)
		free(list.at[i]);
	limpid_notify_free(inventory);
	return status;
}
