/* SPDX-License-Identifier: GPL-2.0-only */
/* The section `nflx` of suricata.yaml. Its keys are the names of `nflx settings`; Suricata writes all keys with dashes
 * and turns underscores into them while it reads, so both are fine. */
#include "plugin.h"

/* Longest value, as text: lists of prefixes are the longest. */
#define VALUE_MAX 65536

static void underscores(const char *key, char *out, size_t size)
{
    size_t length = strlcpy(out, key, size);

    for (size_t i = 0; i < length && i < size; i++) {
        out[i] = out[i] == '-' ? '_' : out[i];
    }
}

/* A list is a YAML sequence or words separated by commas. Returns false if it is too long. */
static bool as_text(const SCConfNode *node, char *out, size_t size)
{
    const SCConfNode *item;

    if (!SCConfNodeIsSequence(node)) {
        return strlcpy(out, node->val != NULL ? node->val : "", size) < size;
    }
    out[0] = '\0';
    TAILQ_FOREACH (item, &node->head, next) {
        if (strlcat(out, out[0] != '\0' ? "," : "", size) >= size ||
            strlcat(out, item->val != NULL ? item->val : "", size) >= size) {
            return false;
        }
    }
    return true;
}

static bool set(nflx_config *config, const SCConfNode *node, char *value)
{
    char name[64];

    underscores(node->name, name, sizeof name);
    if (!as_text(node, value, VALUE_MAX)) {
        SCLogError("the value of %s is longer than %d bytes.", node->name, VALUE_MAX - 1);
        return false;
    }
    if (nflx_config_set(config, name, value) != NFLX_STATUS_OK) {
        SCLogError("suricata.yaml, section nflx: %s", nflx_config_error(config));
        return false;
    }
    return true;
}

nflx_config *settings_read(const SCConfNode *section)
{
    nflx_config *config = NULL;
    char *value = SCMalloc(VALUE_MAX);
    const SCConfNode *node;
    bool good = value != NULL && nflx_config_new(&config) == NFLX_STATUS_OK;

    if (good && section != NULL) {
        TAILQ_FOREACH (node, &section->head, next) {
            good = good && set(config, node, value);
        }
    }
    SCFree(value);
    if (!good) {
        nflx_config_free(config);
        return NULL;
    }
    return config;
}
