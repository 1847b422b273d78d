/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine of the current capture: created when Wireshark starts a capture, freed when it is done with it. Frames
 * are passed to the engine once, on their first visit; later visits look up the result.
 *
 * tshark shows each packet once, but facts about a request only show in its response. So a separate engine reads the
 * file in the preference nflx.read_ahead ahead, and every visit is a look-up: by the record's position in the file,
 * because tshark -2 -R renumbers frames. */
#include "session.h"

#include "frame.h"
#include "preferences.h"
#include "read_ahead.h"

static nflx_engine *engine;
/* The capture, if it was read ahead; `engine` then belongs to it. */
static read_ahead *ahead;
/* That of the previous session: tshark -M starts a new session at regular intervals of the same file. */
static read_ahead *kept;
/* True if the engine failed and this was reported; nothing is added until the next capture. */
static bool broken;
static uint32_t full_frame;
/* Time of the previous packet. */
static nstime_t last_time;
/* Time of the first packet, in nanoseconds. */
static int64_t first_time;
static bool has_first_time;
/* True if packets came since the engine was last told that there are no more. */
static bool unsettled;
/* True if comments were only written at first visits, with the facts known then. */
static bool comments_so_far;
/* Routines of others to call when a capture is over. */
static void (*at_stop[4])(void);
static size_t routines_at_stop;
/* True if the capture was read ahead although the user named no file, because its evidence came late. */
static bool ahead_by_itself;
/* True if that was tried for this capture. */
static bool tried_again;
/* Number of sessions that the engine found; only used when no more packets come. */
static uint32_t playbacks;
static bool has_playbacks;
/* The engine's model, if it has one. */
static nflx_model model;
static bool has_model;
static unsigned generation;

static void report_once(const char *sentence)
{
    if (!broken) {
        broken = true;
        /* Not a dialog, because this may be in the middle of a dissection. */
        g_printerr("nflx: %s\n", sentence);
    }
}

static ws_info_t *window(void)
{
    ws_info_t *info = NULL;

    plugin_if_get_ws_info(&info);
    return info != NULL && info->ws_info_supported ? info : NULL;
}

bool session_in_window(void)
{
    return window() != NULL;
}

/* Reads the capture ahead if the user names its file. tshark does not tell a plugin which file it reads. */
static read_ahead *read_ahead_wanted(nflx_config *config)
{
    const char *path = preferences_read_ahead();
    int error = 0;
    char *reason = NULL;

    if (path[0] == '\0' || session_in_window()) {
        return NULL;
    }
    read_ahead *made = kept != NULL && read_ahead_fits(kept, path) ? g_steal_pointer(&kept) : NULL;
    if (made == NULL) {
        made = read_ahead_new(path, config, &error, &reason);
    }
    if (made == NULL) {
        g_printerr("nflx: %s, which nflx.read_ahead names, cannot be read ahead: %s. Fields show the facts known "
                   "at each packet.\n",
                   path, wtap_strerror(error));
    }
    g_free(reason);
    return made;
}

/* Finds out whether the engine has a model, and takes its answers for packets that were read ahead, which are looked
 * up by frame. */
static void find_model(void)
{
    nflx_quality quality;

    model.struct_size = sizeof model;
    has_model = engine != NULL && nflx_engine_model(engine, &model) == NFLX_STATUS_OK;
    while (session_next_quality(&quality)) {
    }
}

const nflx_model *session_model(void)
{
    return has_model ? &model : NULL;
}

void session_commented(const facts *facts)
{
    comments_so_far = !facts->revisit;
}

void session_start(void)
{
    session_stop();
    nflx_config *config = preferences_config();
    ahead = read_ahead_wanted(config);
    if (ahead != NULL) {
        engine = read_ahead_engine(ahead);
        full_frame = read_ahead_full_frame(ahead);
    } else {
        nflx_status status = nflx_engine_new(config, NFLX_ENGINE_KEEP_FRAMES, &engine);
        if (status != NFLX_STATUS_OK) {
            report_once(nflx_status_text(status));
        }
    }
    nflx_config_free(config);
    find_model();
}

void session_at_stop(void (*routine)(void))
{
    g_return_if_fail(routines_at_stop < G_N_ELEMENTS(at_stop));
    at_stop[routines_at_stop++] = routine;
}

void session_stop(void)
{
    for (size_t i = 0; i < routines_at_stop; i++) {
        at_stop[i]();
    }
    if (comments_so_far) {
        g_printerr("nflx: Comments say what was known at each packet; give -2 or -o nflx.read_ahead:FILE to tshark for what "
                   "the whole capture tells.\n");
    }
    comments_so_far = false;
    if (ahead_by_itself) {
        read_ahead_free(g_steal_pointer(&ahead));
        ahead_by_itself = false;
    } else if (ahead != NULL) {
        read_ahead_free(kept);
        kept = g_steal_pointer(&ahead);
    } else {
        nflx_engine_free(engine);
    }
    engine = NULL;
    broken = false;
    full_frame = 0;
    nstime_set_zero(&last_time);
    has_first_time = false;
    unsettled = false;
    tried_again = false;
    has_playbacks = false;
    has_model = false;
    generation++;
}

void session_shut_down(void)
{
    session_stop();
    read_ahead_free(kept);
    kept = NULL;
}

bool session_stopped(void)
{
    return broken;
}

int64_t session_first_time(void)
{
    return first_time;
}

uint32_t session_full_frame(void)
{
    return full_frame;
}

/* Returns true while Wireshark is reading or capturing. tshark and sharkd do not tell, but they show frames again only
 * when they have read everything. */
static bool more_to_come(void)
{
    const ws_info_t *info = window();

    return info != NULL && info->cf_state == FILE_READ_IN_PROGRESS;
}

/* Before a frame is shown again, tells the engine that the capture ended, if it did, so that packets held back out of
 * order are counted. */
void session_settle(void)
{
    if (engine != NULL && unsettled && !more_to_come()) {
        unsettled = false;
        if (nflx_engine_finish(engine) != NFLX_STATUS_OK) {
            report_once(nflx_engine_error(engine));
        }
    }
}

static void *name_of(capture_file *capture, void *data)
{
    (void)data;
    return capture->filename;
}

/* Returns the capture that is open in the window, if this frame belongs to it. Other programs do not tell which file
 * they read; there, the user names it in nflx.read_ahead. The caller frees it. */
static read_ahead *read_open_file(nflx_config *config, const packet_info *pinfo)
{
    int error;
    char *reason = NULL;
    const char *path = session_in_window() ? plugin_if_get_capture_file(name_of, NULL) : NULL;
    read_ahead *made = path != NULL ? read_ahead_new(path, config, &error, &reason) : NULL;

    g_free(reason);
    if (made != NULL && read_ahead_number(made, pinfo->fd->file_off, &pinfo->abs_ts) == 0) {
        read_ahead_free(made);
        return NULL;
    }
    return made;
}

/* If a server was identified only after some of its packets, reads the capture a second time, as the command nflx
 * does, so that every frame shown again is recognised as the server's. Frames shown before stay as they were. */
static void read_again(const packet_info *pinfo)
{
    uint32_t again = 0;

    if (tried_again || ahead != NULL || unsettled) {
        return;
    }
    tried_again = true;
    if (nflx_engine_should_read_again(engine, &again) != NFLX_STATUS_OK || !again) {
        return;
    }
    nflx_config *config = preferences_config();
    ahead = read_open_file(config, pinfo);
    nflx_config_free(config);
    if (ahead != NULL) {
        ahead_by_itself = true;
        nflx_engine_free(engine);
        engine = read_ahead_engine(ahead);
        full_frame = read_ahead_full_frame(ahead);
        has_playbacks = false;
        find_model();
        generation++;
    }
}

static uint64_t ahead_frame(const packet_info *pinfo)
{
    return ahead != NULL ? read_ahead_number(ahead, pinfo->fd->file_off, &pinfo->abs_ts) : 0;
}

/* Passes the frame to the engine, or looks up its annotation. */
static nflx_status ask(tvbuff_t *tvb, packet_info *pinfo, facts *facts)
{
    nflx_packet packet;

    if (!has_first_time) {
        has_first_time = true;
        first_time = (int64_t)pinfo->abs_ts.secs * 1000000000 + pinfo->abs_ts.nsecs;
    }
    facts->frame = ahead_frame(pinfo);
    if (ahead != NULL && facts->frame == 0 && ahead_by_itself) {
        /* The window may show times that the user shifted. */
        return NFLX_STATUS_NONE;
    }
    if (ahead != NULL && facts->frame == 0 && !read_ahead_agrees(ahead, pinfo->fd->file_off, &pinfo->abs_ts)) {
        report_once("nflx.read_ahead names another capture than the one that is read: name the same file for both.");
        return NFLX_STATUS_NONE;
    }
    facts->revisit = facts->frame != 0 || PINFO_FD_VISITED(pinfo);
    if (facts->frame == 0) {
        /* Read the usual way, or from a file that has grown since it was read ahead. */
        facts->frame = pinfo->num;
    }
    facts->packet.struct_size = sizeof facts->packet;
    if (facts->revisit) {
        session_settle();
        read_again(pinfo);
        if (ahead_by_itself) {
            facts->frame = ahead_frame(pinfo);
        }
        return nflx_engine_frame(engine, facts->frame, &facts->packet);
    }
    if (!frame_packet(tvb, pinfo, &last_time, &packet)) {
        return NFLX_STATUS_NONE;
    }
    unsettled = true;
    has_playbacks = false;
    return nflx_engine_packet(engine, &packet, &facts->packet);
}

bool session_facts(tvbuff_t *tvb, packet_info *pinfo, facts *facts)
{
    if (engine == NULL || broken) {
        return false;
    }
    nflx_status status = ask(tvb, pinfo, facts);
    if (status == NFLX_STATUS_NONE) {
        return false;
    }
    if (status != NFLX_STATUS_OK) {
        report_once(nflx_engine_error(engine));
        return false;
    }
    facts->has_segment = false;
    facts->live = unsettled;
    if (full_frame == 0 && !facts->revisit && facts->packet.flags & NFLX_ANNOTATION_FULL) {
        full_frame = pinfo->num;
    }
    return true;
}

bool session_facts_all(facts *facts)
{
    if (!session_server(facts->packet.server, &facts->server)) {
        report_once(nflx_engine_error(engine));
        return false;
    }
    facts->has_segment = facts->packet.segment != 0 && session_segment(facts->packet.segment, &facts->segment);
    return true;
}

bool session_packet(const packet_info *pinfo, nflx_annotation *said)
{
    uint64_t frame = ahead != NULL ? ahead_frame(pinfo) : pinfo->num;

    said->struct_size = sizeof *said;
    return engine != NULL && !broken && nflx_engine_frame(engine, frame, said) == NFLX_STATUS_OK;
}

bool session_frame(const frame_data *frame, nflx_annotation *said)
{
    said->struct_size = sizeof *said;
    return engine != NULL && !broken && nflx_engine_frame(engine, frame->num, said) == NFLX_STATUS_OK;
}

bool session_other_frame(const packet_info *pinfo, uint64_t *frame, bool *over)
{
    *frame = ahead != NULL ? ahead_frame(pinfo) : pinfo->num;
    *over = ahead != NULL || (PINFO_FD_VISITED(pinfo) && !unsettled);
    return engine != NULL && !broken && *frame != 0;
}

unsigned session_generation(void)
{
    return generation;
}

uint32_t session_server_count(void)
{
    uint32_t count = 0;

    return nflx_engine_server_count(engine, &count) == NFLX_STATUS_OK ? count : 0;
}

static bool find_playbacks(void)
{
    if (engine == NULL || broken) {
        return false;
    }
    if (!has_playbacks) {
        has_playbacks = true;
        if (nflx_engine_find_sessions(engine, &playbacks) != NFLX_STATUS_OK) {
            report_once(nflx_engine_error(engine));
        }
    }
    return !broken;
}

bool session_playback(uint32_t number, nflx_session *session)
{
    session->struct_size = sizeof *session;
    return find_playbacks() && nflx_engine_session(engine, number, session) == NFLX_STATUS_OK;
}

bool session_media(uint32_t segment, nflx_media *media)
{
    media->struct_size = sizeof *media;
    return find_playbacks() && nflx_engine_media(engine, segment, media) == NFLX_STATUS_OK;
}

bool session_moment(uint32_t number, int64_t time, nflx_moment *moment)
{
    moment->struct_size = sizeof *moment;
    return find_playbacks() && nflx_engine_moment(engine, number, time, moment) == NFLX_STATUS_OK;
}

bool session_stall(uint32_t number, uint32_t index, int64_t *from, int64_t *to)
{
    return find_playbacks() && nflx_engine_stall(engine, number, index, from, to) == NFLX_STATUS_OK;
}

bool session_next_quality(nflx_quality *quality)
{
    quality->struct_size = sizeof *quality;
    return has_model && nflx_engine_next_quality(engine, quality) == NFLX_STATUS_OK;
}

bool session_frame_quality(uint64_t frame, nflx_quality *quality)
{
    quality->struct_size = sizeof *quality;
    return has_model && nflx_engine_frame_quality(engine, frame, quality) == NFLX_STATUS_OK;
}

bool session_quality(uint32_t index, nflx_quality *quality)
{
    quality->struct_size = sizeof *quality;
    return has_model && nflx_engine_quality(engine, index, quality) == NFLX_STATUS_OK;
}

bool session_evidence(uint32_t server, uint32_t index, nflx_evidence *evidence)
{
    evidence->struct_size = sizeof *evidence;
    return nflx_engine_evidence(engine, server, index, evidence) == NFLX_STATUS_OK;
}

bool session_note(uint64_t frame, nflx_note *note)
{
    note->struct_size = sizeof *note;
    return nflx_engine_note(engine, frame, note) == NFLX_STATUS_OK;
}

bool session_summary(nflx_summary *summary)
{
    summary->struct_size = sizeof *summary;
    return nflx_engine_summary(engine, summary) == NFLX_STATUS_OK;
}

bool session_unfollowed(uint32_t index, nflx_unfollowed *unfollowed)
{
    unfollowed->struct_size = sizeof *unfollowed;
    return nflx_engine_unfollowed(engine, index, unfollowed) == NFLX_STATUS_OK;
}

uint32_t session_unfollowed_headers(void)
{
    uint32_t count = 0;

    return nflx_engine_unfollowed_headers(engine, &count) == NFLX_STATUS_OK ? count : 0;
}

bool session_server(uint32_t number, nflx_server *server)
{
    server->struct_size = sizeof *server;
    return nflx_engine_server(engine, number, server) == NFLX_STATUS_OK;
}

bool session_segment(uint32_t number, nflx_segment *segment)
{
    segment->struct_size = sizeof *segment;
    return nflx_engine_segment(engine, number, segment) == NFLX_STATUS_OK;
}
