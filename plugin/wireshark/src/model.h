/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_MODEL_H
#define NFLX_PLUGIN_MODEL_H

#include "plugin.h"

/* Sets the model in a file for engines of a configuration. Reports once why a model cannot be used. */
void model_load(nflx_config *config, const char *path);

#endif
