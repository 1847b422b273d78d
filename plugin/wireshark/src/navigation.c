/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a packet to its whole segment, server or session: Conversation Filter and Colorize Conversation in the packet
 * list's menu. */
#include "navigation.h"

#include "format.h"
#include "session.h"

#include <epan/conversation_filter.h>

/* Later versions pass registered data, which is not used here. */
#if NFLX_WIRESHARK_AT_LEAST(4, 4)
typedef bool answer;
#define PACKET struct _packet_info *pinfo, void *data
#define UNUSED_DATA (void)data
#define REGISTER(title, valid, filter) register_conversation_filter("nflx", title, valid, filter, NULL)
#else
typedef gboolean answer;
#define PACKET struct _packet_info *pinfo
#define UNUSED_DATA
#define REGISTER(title, valid, filter) register_conversation_filter("nflx", title, valid, filter)
#endif

static answer is_of_segment(PACKET)
{
    nflx_annotation said;
    UNUSED_DATA;

    return session_packet(pinfo, &said) && said.segment != 0;
}

static char *segment_filter(PACKET)
{
    nflx_annotation said;
    UNUSED_DATA;

    return session_packet(pinfo, &said) ? g_strdup_printf("nflx.segment == %u", said.segment) : NULL;
}

static answer is_of_server(PACKET)
{
    nflx_annotation said;
    UNUSED_DATA;

    return session_packet(pinfo, &said);
}

static char *server_filter(PACKET)
{
    nflx_annotation said;
    nflx_server server;
    UNUSED_DATA;

    if (!session_packet(pinfo, &said) || !session_server(said.server, &server)) {
        return NULL;
    }
    const char *address = address_text(NULL, &server.address);
    char *filter = g_strdup_printf("nflx.server.%s == %s", server.address.family == 4 ? "ipv4" : "ipv6", address);
    wmem_free(NULL, (void *)address);
    return filter;
}

static answer is_of_session(PACKET)
{
    nflx_annotation said;
    nflx_media media;
    UNUSED_DATA;

    return session_packet(pinfo, &said) && said.segment != 0 && session_media(said.segment, &media);
}

static char *session_filter(PACKET)
{
    nflx_annotation said;
    nflx_media media;
    UNUSED_DATA;

    return session_packet(pinfo, &said) && session_media(said.segment, &media)
               ? g_strdup_printf("nflx.session == %u", media.session)
               : NULL;
}

void navigation_register(void)
{
    REGISTER("Netflix segment", is_of_segment, segment_filter);
    REGISTER("Netflix server", is_of_server, server_filter);
    REGISTER("Netflix session", is_of_session, session_filter);
}
