/* SPDX-License-Identifier: GPL-2.0-only */
/* The section `nflx` of suricata.yaml. Its keys are the names of `nflx settings`, and `model`, which names a file.
 * Suricata writes all keys with dashes and converts underscores while it reads, so both work. */
#include "plugin.h"

/* Longest value, as text: lists of prefixes are the longest. */
#define VALUE_MAX 65536
/* The key that names a model's file; every other is a setting. */
#define MODEL "model"
/* Larger files are never models. */
#define MODEL_MAX (256L << 20)

static void underscores(const char *key, char *out, size_t size)
{
    size_t length = strlcpy(out, key, size);

    for (size_t i = 0; i < length && i < size; i++) {
        out[i] = out[i] == '-' ? '_' : out[i];
    }
}

/* Converts a list, which is a YAML sequence or words separated by commas. Returns false if it is too long. */
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

/* Returns the bytes of a file, or NULL after a line that tells why there are none. */
static uint8_t *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) {
        SCLogError("suricata.yaml, section nflx: the model %s cannot be read: %s.", path, strerror(errno));
    } else if (size == 0 || size > MODEL_MAX) {
        SCLogError("suricata.yaml, section nflx: %s is no model.", path);
    } else if ((bytes = SCMalloc((size_t)size)) != NULL) {
        *length = fread(bytes, 1, (size_t)size, file);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return bytes;
}

/* Called after all settings, because those on the model's card only apply where none was set. */
static bool set_model(nflx_config *config, const char *path)
{
    size_t length = 0;
    uint8_t *bytes = read_file(path, &length);
    bool good;

    if (bytes == NULL) {
        return false;
    }
    good = nflx_config_set_model(config, bytes, length, NULL) == NFLX_STATUS_OK;
    if (!good) {
        SCLogError("suricata.yaml, section nflx: %s: %s", path, nflx_config_error(config));
    }
    SCFree(bytes);
    return good;
}

nflx_config *settings_read(const SCConfNode *section)
{
    nflx_config *config = NULL;
    char *value = SCMalloc(VALUE_MAX);
    const SCConfNode *node;
    bool good = value != NULL && nflx_config_new(&config) == NFLX_STATUS_OK;

    if (good && section != NULL) {
        TAILQ_FOREACH (node, &section->head, next) {
            good = good && (strcmp(node->name, MODEL) == 0 || set(config, node, value));
        }
        node = SCConfNodeLookupChild(section, MODEL);
        good = good && (node == NULL || node->val == NULL || set_model(config, node->val));
    }
    SCFree(value);
    if (!good) {
        nflx_config_free(config);
        return NULL;
    }
    return config;
}
