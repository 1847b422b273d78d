/* SPDX-License-Identifier: GPL-2.0-only */
/* The engine's counts among Suricata's own: stats.log, EVE's stats events, suricatasc dump-counters. */
#include "plugin.h"

#include "counters.h"

#define EVENTS(field)                                                                                                  \
    static uint64_t field(void)                                                                                        \
    {                                                                                                                  \
        return probe_counts().field;                                                                                   \
    }

EVENTS(segments)
EVENTS(sessions)
EVENTS(windows)

#define COUNTER(field)                                                                                                 \
    static uint64_t field(void)                                                                                        \
    {                                                                                                                  \
        nflx_stats stats;                                                                                              \
        return probe_stats(&stats) ? stats.field : 0;                                                                  \
    }

COUNTER(packets)
COUNTER(flows)
COUNTER(settled_lost)
COUNTER(quality_lost)
COUNTER(late_changes)
COUNTER(segments_evicted)
COUNTER(flows_evicted)
COUNTER(hosts_evicted)
COUNTER(connections_evicted)
COUNTER(servers_dropped)
COUNTER(reorder_dropped)
COUNTER(fragments_dropped)
COUNTER(duplicates)
COUNTER(clock_steps)

void counters_register(void)
{
    StatsRegisterGlobalCounter("nflx.packets", packets);
    StatsRegisterGlobalCounter("nflx.flows", flows);
    StatsRegisterGlobalCounter("nflx.segments", segments);
    StatsRegisterGlobalCounter("nflx.sessions", sessions);
    StatsRegisterGlobalCounter("nflx.windows", windows);
    StatsRegisterGlobalCounter("nflx.settled_lost", settled_lost);
    StatsRegisterGlobalCounter("nflx.quality_lost", quality_lost);
    StatsRegisterGlobalCounter("nflx.late_changes", late_changes);
    StatsRegisterGlobalCounter("nflx.segments_evicted", segments_evicted);
    StatsRegisterGlobalCounter("nflx.flows_evicted", flows_evicted);
    StatsRegisterGlobalCounter("nflx.hosts_evicted", hosts_evicted);
    StatsRegisterGlobalCounter("nflx.connections_evicted", connections_evicted);
    StatsRegisterGlobalCounter("nflx.servers_dropped", servers_dropped);
    StatsRegisterGlobalCounter("nflx.reorder_dropped", reorder_dropped);
    StatsRegisterGlobalCounter("nflx.fragments_dropped", fragments_dropped);
    StatsRegisterGlobalCounter("nflx.duplicates", duplicates);
    StatsRegisterGlobalCounter("nflx.clock_steps", clock_steps);
}
