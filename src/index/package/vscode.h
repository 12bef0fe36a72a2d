/* SPDX-License-Identifier: Apache-2.0 */
/* vscode.h - extensions of VS Code, which have a package.json as packages of npm do. */
#ifndef LIMPID_INDEX_PACKAGE_VSCODE_H
#define LIMPID_INDEX_PACKAGE_VSCODE_H

#include "index/detector.h"
#include "text/json.h"

/* Does it lie in a folder of extensions, extensions/FOLDER/package.json? */
bool vscode_is_placed(struct slice path);
/* Is FOLDER called as what was installed from a registry, "PUBLISHER.NAME-1.2.3"? */
bool vscode_is_installed(struct slice path);
/* Does the package.json there say that it is an extension: for an engine of that name, and by a publisher? */
bool vscode_is_extension(struct slice path, yyjson_val *root);

#endif
