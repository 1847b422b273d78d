/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a model says of the window that a packet is in. In one pass that is known when the window closes, so it is said at
 * the packet that closes it. */
#include "quality.h"

#include "fields.h"
#include "session.h"
#include "tree.h"

#include <math.h>

static int ett_nflx_quality = -1;

void quality_register(void)
{
    static int *trees[] = {&ett_nflx_quality};
    proto_register_subtree_array(trees, G_N_ELEMENTS(trees));
}

/* Whether somebody looks at a field: an item that nobody sees costs as much as one that is. */
static bool is_asked(proto_tree *tree, field field)
{
    return proto_field_is_referenced(tree, hf_nflx[field]);
}

static void add_text(proto_tree *tree, tvbuff_t *tvb, field field, const char *text)
{
    if (text[0] != '\0' && is_asked(tree, field)) {
        proto_item_set_generated(proto_tree_add_string(tree, hf_nflx[field], tvb, 0, 0, text));
    }
}

static void add_number(proto_tree *tree, tvbuff_t *tvb, field field, uint32_t number)
{
    if (is_asked(tree, field)) {
        proto_item_set_generated(proto_tree_add_uint(tree, hf_nflx[field], tvb, 0, 0, number));
    }
}

static void add_double(proto_tree *tree, tvbuff_t *tvb, field field, double number)
{
    if (isfinite(number) && is_asked(tree, field)) {
        number = tree_with_15_digits(number);
        proto_item_set_generated(proto_tree_add_double(tree, hf_nflx[field], tvb, 0, 0, number));
    }
}

/* The value in the field of what it is, if that has one. */
static void add_target(proto_tree *tree, tvbuff_t *tvb, const nflx_model *model, double value)
{
    if (model->target == NFLX_TARGET_RESOLUTION && value >= 0 && value <= UINT16_MAX) {
        add_number(tree, tvb, HF_NFLX_QUALITY_RESOLUTION, (uint32_t)rint(value));
    }
    if (model->target == NFLX_TARGET_STARTUP_DELAY && value >= 0 && value < 1e9 &&
        is_asked(tree, HF_NFLX_QUALITY_STARTUP_DELAY)) {
        int64_t nanoseconds = (int64_t)rint(value * 1e9);
        nstime_t time = {.secs = (time_t)(nanoseconds / 1000000000), .nsecs = (int)(nanoseconds % 1000000000)};
        proto_item_set_generated(
            proto_tree_add_time(tree, hf_nflx[HF_NFLX_QUALITY_STARTUP_DELAY], tvb, 0, 0, &time));
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

    proto_item_set_generated(item);
    add_target(branch, tvb, model, quality->value);
    add_text(branch, tvb, HF_NFLX_QUALITY_LABEL, quality->label);
    add_double(branch, tvb, HF_NFLX_QUALITY_VALUE, quality->value);
    add_double(branch, tvb, HF_NFLX_QUALITY_CONFIDENCE, quality->confidence);
    add_text(branch, tvb, HF_NFLX_QUALITY_REASON, quality->reason);
    add_number(branch, tvb, HF_NFLX_QUALITY_SESSION, quality->session);
    add_number(branch, tvb, HF_NFLX_QUALITY_WINDOW, quality->window);
    if (is_asked(branch, HF_NFLX_QUALITY_OUT_OF_RANGE)) {
        proto_item_set_generated(proto_tree_add_boolean(branch, hf_nflx[HF_NFLX_QUALITY_OUT_OF_RANGE], tvb, 0, 0,
                                                        (quality->flags & NFLX_QUALITY_OUT_OF_RANGE) != 0));
    }
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
