/* SPDX-License-Identifier: Apache-2.0 */
/* layer_report_impl.h - what writing and reading a layer report share. Private to model/. */
#ifndef LIMPID_MODEL_LAYER_REPORT_IMPL_H
#define LIMPID_MODEL_LAYER_REPORT_IMPL_H

#include "model/layer_report.h"

/* Of the JSON: grows when older reports are not to be read. */
#define LAYER_REPORT_FORMAT 4

#endif
