/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_MODEL_H
#define NFLX_PLUGIN_MODEL_H

#include "plugin.h"

/* Gives engines of a configuration the model in a file; says once what is wrong with one that cannot be used. */
void model_load(nflx_config *config, const char *path);

#endif
