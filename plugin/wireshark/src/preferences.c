/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's settings as preferences, from the core's own table, and the plugin's own preferences. */
#include "preferences.h"

#include "fields.h"
#include "model.h"

/* One setting, and the variable in which Wireshark keeps its value. */
typedef struct preference {
    nflx_setting setting;
    const char *text;
    guint number;
    gint choice;
    /* True if it has an effect in Wireshark, so that it is offered there. */
    bool is_registered;
    /* The last value that the user was warned about; NULL if the current one is valid. */
    char *complained;
} preference;

static preference *preferences;
static uint32_t preference_count;
static nflx_pref_bool comment = FALSE;
static const char *read_ahead_path = "";
static const char *model_path = "";

enum { COMMENT_ALL, COMMENT_REQUESTS };
static gint comment_packets = COMMENT_ALL;
static const enum_val_t comment_packets_values[] = {
    {"all", "all packets of Netflix's", COMMENT_ALL},
    {"requests", "requests and ends of segments", COMMENT_REQUESTS},
    {NULL, NULL, 0},
};

/* Returns the value as the core accepts it, in memory of the caller. */
static char *value_text(const preference *preference)
{
    switch (preference->setting.kind) {
    case NFLX_SETTING_CHOICE:
        return g_strdup(preference->setting.choices[preference->choice]);
    case NFLX_SETTING_NUMBER:
        return g_strdup_printf("%u", preference->number);
    default:
        return g_strdup(preference->text != NULL ? preference->text : "");
    }
}

static const char *default_text(const nflx_setting *setting)
{
    return setting->default_value[0] != '\0' ? setting->default_value : "none";
}

/* Reports in one sentence what is wrong with a value, once for each wrong value. tshark prints it, Wireshark shows a
 * dialog. */
static void complain(preference *preference, const char *value, const char *sentence)
{
    if (preference->complained != NULL && strcmp(preference->complained, value) == 0) {
        return;
    }
    g_free(preference->complained);
    preference->complained = g_strdup(value);
    report_failure("Preference nflx.%s: %s. The default is used: %s.", preference->setting.name, sentence,
                   default_text(&preference->setting));
}

/* Returns a configuration of the user's values, with the default in place of an invalid one. The caller frees it. */
nflx_config *preferences_config(void)
{
    nflx_config *config = NULL;

    if (nflx_config_new(&config) != NFLX_STATUS_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < preference_count; i++) {
        preference *preference = &preferences[i];
        char *value = value_text(preference);
        if (strcmp(value, preference->setting.default_value) == 0) {
            /* Not set, because setting the same words explicitly may mean more than the default does. */
            g_clear_pointer(&preference->complained, g_free);
        } else if (nflx_config_set(config, preference->setting.name, value) != NFLX_STATUS_OK) {
            complain(preference, value, nflx_config_error(config));
        } else {
            g_clear_pointer(&preference->complained, g_free);
        }
        g_free(value);
    }
    model_load(config, model_path != NULL ? model_path : "");
    return config;
}

char *preferences_text(void)
{
    GString *text = g_string_new(NULL);

    for (uint32_t i = 0; i < preference_count; i++) {
        char *value = value_text(&preferences[i]);
        g_string_append_printf(text, "%s=%s\n", preferences[i].setting.name, value);
        g_free(value);
    }
    g_string_append_printf(text, "model=%s\n", model_path != NULL ? model_path : "");
    return g_string_free(text, FALSE);
}

bool preferences_comment(void)
{
    return comment;
}

const char *preferences_read_ahead(void)
{
    return read_ahead_path != NULL ? read_ahead_path : "";
}

bool preferences_comment_requests_only(void)
{
    return comment_packets == COMMENT_REQUESTS;
}

unsigned preferences_number(const char *name)
{
    for (uint32_t i = 0; i < preference_count; i++) {
        if (preferences[i].is_registered && strcmp(preferences[i].setting.name, name) == 0) {
            return preferences[i].number;
        }
    }
    return 0;
}

/* Returns true for settings with their own option in the command. */
static bool has_option(const char *name)
{
    static const char *const options[] = {"domains", "prefixes", "evidence", "segment_rule"};

    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strcmp(options[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void preferences_arguments(GPtrArray *arguments)
{
    if (model_path != NULL && model_path[0] != '\0') {
        g_ptr_array_add(arguments, g_strdup_printf("--model=%s", model_path));
    }
    for (uint32_t i = 0; i < preference_count; i++) {
        const nflx_setting *setting = &preferences[i].setting;
        char *value = value_text(&preferences[i]);
        if (strcmp(value, setting->default_value) != 0) {
            char *option = has_option(setting->name) ? g_strdelimit(g_strdup(setting->name), "_", '-') : NULL;
            g_ptr_array_add(arguments, option != NULL ? g_strdup_printf("--%s=%s", option, value)
                                                      : g_strdup_printf("--set=%s=%s", setting->name, value));
            g_free(option);
        }
        g_free(value);
    }
}

/* Called when the user changed something: reports errors at once. The engine gets the values at its next start, which
 * Wireshark triggers, because they change what the fields contain. */
static void preferences_changed(void)
{
    nflx_config_free(preferences_config());
}

/* Wireshark keeps the texts of a preference, so this is never freed. */
static const char *description(const nflx_setting *setting)
{
    GString *text = g_string_new(setting->help);

    if (setting->kind == NFLX_SETTING_NUMBER) {
        g_string_append_printf(text, "\nFrom %" PRIu64 " to %" PRIu64 "%s%s.", setting->minimum, setting->maximum,
                               setting->unit[0] != '\0' ? ", in " : "", setting->unit);
    }
    g_string_append_printf(text, "\nDefault: %s", default_text(setting));
    if (setting->source[0] != '\0') {
        g_string_append_printf(text, "\nBecause: %s", setting->source);
    }
    return g_string_free(text, FALSE);
}

static const char *title(const nflx_setting *setting)
{
    return setting->unit[0] != '\0' ? g_strdup_printf("%s (%s)", setting->title, setting->unit) : setting->title;
}

static void register_choice(module_t *module, preference *preference)
{
    const nflx_setting *setting = &preference->setting;
    enum_val_t *values = g_new0(enum_val_t, setting->choice_count + 1);

    for (uint64_t i = 0; i < setting->choice_count; i++) {
        values[i].name = setting->choices[i];
        values[i].description = setting->choices[i];
        values[i].value = (gint)i;
        if (strcmp(setting->choices[i], setting->default_value) == 0) {
            preference->choice = (gint)i;
        }
    }
    prefs_register_enum_preference(module, setting->name, title(setting), description(setting), &preference->choice,
                                   values, FALSE);
}

static void register_preference(module_t *module, preference *preference)
{
    const nflx_setting *setting = &preference->setting;

    switch (setting->kind) {
    case NFLX_SETTING_CHOICE:
        register_choice(module, preference);
        break;
    case NFLX_SETTING_NUMBER:
        /* Wireshark's numbers have 32 bits, which is enough for defaults. */
        preference->number = (guint)MIN(g_ascii_strtoull(setting->default_value, NULL, 10), G_MAXUINT);
        prefs_register_uint_preference(module, setting->name, title(setting), description(setting), 10,
                                       &preference->number);
        break;
    default:
        preference->text = setting->default_value;
        prefs_register_string_preference(module, setting->name, title(setting), description(setting),
                                         &preference->text);
    }
}

static const struct heading {
    const char *name;
    const char *title;
    /* Names of settings, in the order in which they are shown. */
    const char *settings[24];
} headings[] = {
    {"heading_servers", "What counts as Netflix",
     {"domains", "prefixes", "evidence", "dns_ports", "nat64", "dns_keep", "max_evidence"}},
    {"heading_segments", "Segments",
     {"segment_rule", "segment_quiet", "settle_after", "throughput_min", "media_min", "probe_max"}},
    {"heading_notes", "Notes (Analyze > Expert Information)",
     {"first_byte_note", "bitrate_note", "quality_note", "reconnect_note", "retransmission_note"}},
    {"heading_sessions", "Sessions: what viewers saw",
     {"playback_wait", "playback_run_on", "playback_reopened", "playback_over", "playback_segments"}},
    {"heading_packets", "Flows and packets",
     {"flow_key", "client_key", "vxlan_ports", "duplicate_window", "duplicate_unmarked", "clock_step", "clock_doubt"}},
    {"heading_kinds", "Kinds of segments",
     {"kind_window", "audio_spread", "audio_contrast", "audio_odds", "audio_share", "audio_coverage", "audio_bitrate",
      "bulk_min", "bulk_parallel_min", "bulk_parallel", "bulk_spread_min", "bulk_together", "bulk_margin",
      "headers_max", "picture_max", "media_volume", "control_upload"}},
    {"heading_protocols", "TLS, HTTP/2 and QUIC",
     {"control_record_max", "http2_headers_max", "http2_frame", "http2_head", "http2_request_growth",
      "interim_response_max", "ticket_record_max", "quic_round_trip", "quic_connection_id", "quic_packet_number",
      "quic_ack_content", "quic_request_min", "quic_request_jump", "quic_busy_jump", "quic_request_usual", "quic_idle",
      "quic_full", "quic_pause", "http3_framing", "sharing_agreement"}},
    {"heading_limits", "Limits of memory and time",
     {"max_flows", "max_connections", "connection_bytes", "max_servers", "max_segments", "max_viewers", "reorder_bytes",
      "reorder_pieces", "gap_patience", "duplicate_packets", "tap_skew", "tap_bytes", "fragment_packets", "fragment_bytes",
      "fragment_patience"}},
};

/* Settings of the command alone: features, reports and joining files. */
static const char *const elsewhere[] = {
    "feature_kinds", "empty_features", "feature_window", "session_idle", "ewma_span",     "session_values",
    "window_values", "max_sessions",   "fill_idle",      "fill_segments", "playback_step", "join_gap",
    "feature_playback", "feature_playback_segments",
};

static bool is_elsewhere(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
        if (strcmp(elsewhere[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void register_once(module_t *module, preference *preference)
{
    if (!preference->is_registered) {
        preference->is_registered = true;
        register_preference(module, preference);
    }
}

static void register_heading(module_t *module, const struct heading *heading)
{
    char *title = g_strdup_printf("<b>%s</b>", heading->title);

    prefs_register_static_text_preference(module, heading->name, title, heading->title);
    for (size_t i = 0; i < G_N_ELEMENTS(heading->settings) && heading->settings[i] != NULL; i++) {
        for (uint32_t j = 0; j < preference_count; j++) {
            if (strcmp(preferences[j].setting.name, heading->settings[i]) == 0) {
                register_once(module, &preferences[j]);
            }
        }
    }
}

static void load_settings(void)
{
    preferences = g_new0(preference, nflx_setting_count());
    for (uint32_t i = 0; i < nflx_setting_count(); i++) {
        preference *preference = &preferences[preference_count];
        preference->setting.struct_size = sizeof preference->setting;
        if (nflx_setting_get(i, &preference->setting) == NFLX_STATUS_OK &&
            !is_elsewhere(preference->setting.name)) {
            preference_count++;
        }
    }
}

/* Registers tshark's preferences for output; the window needs none of them. */
static void register_output(module_t *module)
{
    prefs_register_filename_preference(module, "read_ahead", "Capture to read ahead (tshark)",
                                       "The capture file that tshark reads. tshark shows each packet once; with this, "
                                       "the file is read first, and fields, filters and comments have the facts of the "
                                       "whole capture at once: tshark -r FILE -o nflx.read_ahead:FILE. Use -2 instead "
                                       "if packets do not come from this file. Wireshark's window needs neither.\n"
                                       "Default: none",
                                       &read_ahead_path, FALSE);
    prefs_register_bool_preference(module, "comment", "Write packet comments (tshark)",
                                   "Lets tshark -Y FILTER -w FILE write an annotated capture (pcapng): Netflix "
                                   "packets get a comment that every Wireshark shows. With nflx.read_ahead or -2, "
                                   "comments have the facts of the whole capture. Packets that have such a comment "
                                   "do not get another. In the window, use Statistics > Netflix > Export annotated "
                                   "capture.\nDefault: off",
                                   &comment);
    prefs_register_enum_preference(module, "comment_packets", "Packets that get a comment",
                                   "all: every Netflix packet.\nrequests: packets that begin a request and those "
                                   "that end a segment.\nDefault: all",
                                   &comment_packets, comment_packets_values, FALSE);
}

static void register_model(module_t *module)
{
    prefs_register_static_text_preference(module, "heading_model", "<b>Quality: a model's answers</b>",
                                          "Quality: a model's answers");
    prefs_register_filename_preference(module, "model", "Model",
                                       "An ONNX file with a card, as for 'nflx quality --model': see docs/models.md. "
                                       "The fields nflx.quality have its answer for each window. Settings on its card "
                                       "apply as long as preferences have default values.\nDefault: none",
                                       &model_path, FALSE);
}

void preferences_register(void)
{
    module_t *module = prefs_register_protocol(proto_nflx, preferences_changed);

    load_settings();
    for (size_t i = 0; i < G_N_ELEMENTS(headings); i++) {
        register_heading(module, &headings[i]);
        if (i == 0) {
            prefs_register_static_text_preference(module, "heading_output", "<b>tshark</b>", "For tshark");
            register_output(module);
        }
        if (strcmp(headings[i].name, "heading_sessions") == 0) {
            register_model(module);
        }
    }
    /* A setting without a heading is offered all the same. */
    for (uint32_t i = 0; i < preference_count; i++) {
        register_once(module, &preferences[i]);
    }
}
