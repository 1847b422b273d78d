/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model's answer for a packet's window. In one pass it is known when the window closes, so it is shown at the packet
 * that closes it. */
#include "quality.h"

#include "fields.h"
#include "items.h"
#include "session.h"

#include <math.h>

static int ett_nflx_quality = -1;

void quality_register(void)
{
    static int *trees[] = {&ett_nflx_quality};
    proto_register_subtree_array(trees, G_N_ELEMENTS(trees));
}

static void add_text(proto_tree *tree, tvbuff_t *tvb, field field, const char *text)
{
    if (text[0] != '\0') {
        items_add_string(tree, tvb, field, text);
    }
}

/* Adds the value to the field of the model's target, if there is one. */
static void add_target(proto_tree *tree, tvbuff_t *tvb, const nflx_model *model, double value)
{
    if (model->target == NFLX_TARGET_RESOLUTION && value >= 0 && value <= UINT16_MAX) {
        items_add_uint(tree, tvb, HF_NFLX_QUALITY_RESOLUTION, (uint32_t)rint(value));
    }
    if (model->target == NFLX_TARGET_STARTUP_DELAY && value < 1e9) {
        items_add_seconds(tree, tvb, HF_NFLX_QUALITY_STARTUP_DELAY, value);
    }
}

/* For example: Quality: 720, 85 % sure (window 3 of session 1) */
static proto_item *add_title(proto_tree *tree, tvbuff_t *tvb, const nflx_model *model, const nflx_quality *quality)
{
    const char *label = quality->label;
    char text[G_ASCII_DTOSTR_BUF_SIZE + sizeof model->unit + 1];
    char sure[32] = "";

    if (label[0] == '\0' && isfinite(quality->value)) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(number, sizeof number, "%.6g", quality->value);
        (void)g_snprintf(text, sizeof text, "%s%s%s", number, model->unit[0] != '\0' ? " " : "", model->unit);
        label = text;
    }
    if (isfinite(quality->confidence)) {
        (void)g_snprintf(sure, sizeof sure, ", %.0f %% sure", quality->confidence * 100);
    }
    const char *said = label[0] != '\0' ? label : "no answer";
    return proto_tree_add_string_format(tree, hf_nflx[HF_NFLX_QUALITY], tvb, 0, 0, said,
                                        "Quality: %s%s (window %u of session %u)", said, sure, quality->window,
                                        quality->session);
}

static void add(proto_tree *tree, tvbuff_t *tvb, const nflx_model *model, const nflx_quality *quality)
{
    proto_item *item = add_title(tree, tvb, model, quality);
    proto_tree *branch = proto_item_add_subtree(item, ett_nflx_quality);

    items_computed(item);
    add_target(branch, tvb, model, quality->value);
    add_text(branch, tvb, HF_NFLX_QUALITY_LABEL, quality->label);
    items_add_double(branch, tvb, HF_NFLX_QUALITY_VALUE, quality->value);
    items_add_double(branch, tvb, HF_NFLX_QUALITY_CONFIDENCE, quality->confidence);
    add_text(branch, tvb, HF_NFLX_QUALITY_REASON, quality->reason);
    items_add_uint(branch, tvb, HF_NFLX_QUALITY_SESSION, quality->session);
    items_add_uint(branch, tvb, HF_NFLX_QUALITY_WINDOW, quality->window);
    items_add_boolean(branch, tvb, HF_NFLX_QUALITY_OUT_OF_RANGE, (quality->flags & NFLX_QUALITY_OUT_OF_RANGE) != 0);
    add_text(branch, tvb, HF_NFLX_QUALITY_MODEL, model->name);
}

void quality_add(tvbuff_t *tvb, proto_item *item, const facts *facts)
{
    const nflx_model *model = session_model();
    proto_tree *tree = item != NULL ? proto_item_get_subtree(item) : NULL;
    nflx_quality quality;

    if (model == NULL) {
        return;
    }
    if (facts->revisit) {
        if (tree != NULL && session_frame_quality(facts->frame, &quality) && quality.flags & NFLX_QUALITY_CLOSED) {
            add(tree, tvb, model, &quality);
        }
        return;
    }
    /* A client that was silent for some windows closes all of them at once. */
    while (session_next_quality(&quality)) {
        if (tree != NULL) {
            add(tree, tvb, model, &quality);
        }
    }
}
