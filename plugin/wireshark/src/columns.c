/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short marks in the Info column at the start and end of a segment. */
#include "columns.h"

#include "format.h"

/* The last frame of a segment is known once the segment is over, so only when the frame is shown again or if the
 * capture was read ahead. */
static bool segment_ends(const facts *facts)
{
    return facts->revisit && facts->has_segment && facts->segment.last_frame == facts->frame;
}

void columns_mark(packet_info *pinfo, const facts *facts)
{
    if (facts->packet.flags & NFLX_ANNOTATION_REQUEST) {
        if (facts->packet.segment != 0) {
            col_append_fstr(pinfo->cinfo, COL_INFO, " [Netflix segment %u request]", facts->packet.segment);
        } else {
            col_append_str(pinfo->cinfo, COL_INFO, " [Netflix segment request]");
        }
    } else if (segment_ends(facts)) {
        col_append_fstr(pinfo->cinfo, COL_INFO, " [Netflix segment %u end, %s bytes]", facts->segment.number,
                        grouped(pinfo, facts->segment.bytes));
    }
}
